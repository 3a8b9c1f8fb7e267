"""The two sides of `benchmarks/label.py`, each a script for its own Python."""

MODES = {"float32": {}, "fast": {"predictor": {"precision": "fast"}}, "bf16": {"predictor": {"precision": "bf16"}}}
"""Ours by name: the further arguments of `Predictor` ("predictor") and options of `[label]` ("config")."""
