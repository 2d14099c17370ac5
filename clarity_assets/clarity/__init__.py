"""Clarity itself: one request, one answer, the windows, and what is known of a day."""
