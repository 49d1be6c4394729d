"""What the network may ask; one file a family."""
