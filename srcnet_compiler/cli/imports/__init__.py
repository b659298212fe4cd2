"""What `srcnet import` imports from: one module each, loaded when it is called."""
