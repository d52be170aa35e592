"""Answer questions from an index: the use case of `ask` and `show`."""
