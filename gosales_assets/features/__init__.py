"""The features room: what a model may look at, as it was known at each cutoff."""
