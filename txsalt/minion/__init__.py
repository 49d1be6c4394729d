"""The minion: daemon, job runner and grains."""
