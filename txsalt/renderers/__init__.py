"""Text to data: YAML and JSON."""
