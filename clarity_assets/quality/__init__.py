"""Quality of the data: contracts in, checks by Great Expectations and their results out."""
