"""What a change of the specs moves: collections as they are, and where policies want them."""
