"""Conversations as pure machines: facts in, actions out."""
