"""What an editor asks about specs while they are written. Start at `workspace.py`."""
