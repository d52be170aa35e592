"""How well an index answers questions with known answers: the use case of `eval` and `diff`."""
