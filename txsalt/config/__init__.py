"""Options: name, type, default, check and documentation in one place."""
