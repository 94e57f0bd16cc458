"""Models: one pooled model per cutoff, trained on the past only, and its calibrations."""
