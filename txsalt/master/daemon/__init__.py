"""Services of the master's reactor process."""
