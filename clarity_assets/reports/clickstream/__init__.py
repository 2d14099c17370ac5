"""The clickstream report: marts of events in; nine sections of findings, charts and tables out."""
