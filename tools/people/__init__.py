"""Seeded generator of clothed adults with exact DensePose-style ground truth."""
