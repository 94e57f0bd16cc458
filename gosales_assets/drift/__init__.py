"""Drift: what has moved away from what the models learned on, as alerts in plain words."""
