"""Tags of the event bus."""
