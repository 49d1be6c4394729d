"""Execution modules; each file is one public module."""
