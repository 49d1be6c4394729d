"""Services of the minion's reactor process."""
