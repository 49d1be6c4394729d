"""What txsalt and Salt can do, measured side by side on one machine. See README.md."""
