"""What there is, as tables to reason about: snapshots of a catalogue, and questions to them."""
