"""The only room that spawns processes."""
