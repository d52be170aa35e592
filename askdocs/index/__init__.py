"""The index directory: open, verify, commit, collect garbage."""
