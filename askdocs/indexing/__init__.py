"""Build or refresh an index: the use case behind `index`."""
