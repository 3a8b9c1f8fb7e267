"""The two sides of `benchmarks/label.py`, each a script for its own Python."""

MODES = {"exact": {}}
"""Ours by name: the further arguments of `Predictor` ("predictor") and options of `[label]` ("config")."""
