"""Archived data that somebody wants to have accessible: where, for how long, and what it costs."""
