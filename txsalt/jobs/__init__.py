"""What a job is: its id, who answered, how it ended."""
