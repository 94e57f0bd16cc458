"""Whitespace: who may be offered what at a cutoff, ranked, selected and explained."""
