"""The blocking worker program."""
