"""Returners: where results of jobs go besides the master, in the conventions of Salt."""
