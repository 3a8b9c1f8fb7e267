"""`renders-eval`: the fixed set of rendered people on which models are measured. See the tools' README."""
