"""Answer questions from an index: the use case behind `ask` and `show`."""
