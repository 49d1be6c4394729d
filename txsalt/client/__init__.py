"""Blocking client of a local master."""
