"""Files served to minions."""
