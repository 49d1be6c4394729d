"""Bytes to values and back: everything that travels, and nothing that sends."""
