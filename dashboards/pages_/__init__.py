"""The pages of the scorecard, one module each with one `render` function."""
