"""Tests of the returners."""
