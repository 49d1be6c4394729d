"""Who vouches for a user: passwords by PAM or from a file, and tokens."""
