"""The renderer of `tools.people.render` in plain torch: whole batches of scenes on any device that has float64."""
