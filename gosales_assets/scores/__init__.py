"""Scores: each candidate's calibrated chance to buy, with grade, trend and reasons."""
