"""Validation: scores of closed cutoffs against what then happened, beside a naive ranking."""
