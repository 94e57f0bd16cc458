"""Runs: what is recorded, exported and published once all rooms are done."""
