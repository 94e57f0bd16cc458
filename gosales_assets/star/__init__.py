"""Star room: facts, dimensions and activity tables."""
