"""Fetch files from the master, and push files to it."""
