"""What policies mean: which placements keep them, before and after."""
