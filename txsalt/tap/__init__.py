"""twistd plugins: options and makeService."""
