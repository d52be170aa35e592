"""Build or refresh an index."""
