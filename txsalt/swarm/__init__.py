"""Thousands of virtual minions in one process: plain epoll, no reactor."""
