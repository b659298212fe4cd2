"""What a change of the specs would do: two revisions compared by meaning. Start at `compare.py`."""
