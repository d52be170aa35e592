"""Frozen records without I/O: the vocabulary of askdocs."""
