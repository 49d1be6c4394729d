"""The master: daemon, workers, store and services behind the commands."""
