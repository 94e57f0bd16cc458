"""The scorecard: Streamlit pages over the published database, which they only read."""
