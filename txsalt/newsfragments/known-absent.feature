Who is known to be disconnected is not waited for: a command ends 1.5 s after it was sent if nobody else is missing, and in a batch a minion that is away takes no place.
