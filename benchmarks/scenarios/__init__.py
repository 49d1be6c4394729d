"""One file for each scenario; each offers NAME and measure(house, size)."""
