"""The zygote program and what runs in its children."""
