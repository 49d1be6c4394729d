"""Look at files and folders of this machine, and change them."""
