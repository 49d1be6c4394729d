"""txsalt at home with real Salt: our daemons against stock peers of two lines (make interop)."""
