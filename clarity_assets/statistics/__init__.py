"""Honest statistics on daily values: numbers in, effects with intervals out; pure functions, no warehouse."""
