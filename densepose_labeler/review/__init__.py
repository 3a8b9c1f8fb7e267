"""The bench for the expert's eye: blind judgments, and the ranking of models that follows from them."""
