"""Pillar compiled for minions."""
