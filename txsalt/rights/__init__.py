"""Who may do what: pure decisions from the operator's rules, with the rule that decides."""
