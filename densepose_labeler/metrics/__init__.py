"""How good labels are, held against ground truth: definitions with their sources are in docs/metrics.md."""
