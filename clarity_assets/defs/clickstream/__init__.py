"""The clickstream domain on the map."""
