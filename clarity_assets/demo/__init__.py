"""A simulated site with known sessions, and a local stand-in for the API that serves it."""
