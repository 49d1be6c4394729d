"""Text to data: YAML and JSON; templates to text: Jinja."""
