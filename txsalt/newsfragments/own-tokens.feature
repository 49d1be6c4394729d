Users revoke their own tokens.
