"""Who is meant: expressions, matchers, expansion."""
