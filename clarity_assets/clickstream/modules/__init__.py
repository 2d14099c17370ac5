"""The analyses: steps and sessions in, rows of the marts out."""
