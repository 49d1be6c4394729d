"""Values as people or programs want to read them."""
