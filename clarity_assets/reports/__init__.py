"""Marts in, findings out, and their renderings as files."""
