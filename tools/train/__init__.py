"""Trains the embedded DensePose R-CNN on rendered people with exact labels."""
