"""The demonstration room: a real Rucio server on this machine, and the main job shown on it."""
