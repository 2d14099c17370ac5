"""The exports on the map."""
