"""Stage 3: photographs to DensePose labels."""
