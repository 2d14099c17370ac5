"""The reports on the map."""
