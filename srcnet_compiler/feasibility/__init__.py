"""Is what the policies ask for possible, over the years? With a proof where it is not."""
