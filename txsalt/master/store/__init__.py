"""Keys, jobs, returns and facts on disk."""
