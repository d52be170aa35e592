"""Turn results into text: pure functions that return `str`."""
