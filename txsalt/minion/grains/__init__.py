"""Facts about this machine, under Salt's names."""
