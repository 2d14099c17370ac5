"""The Clarity domain on the map."""
