"""Execution modules in Salt's conventions: find, load, call."""
