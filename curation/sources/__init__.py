"""Where images come from, one class a kind of place."""
