"""How well an index answers questions with known answers: the use case behind `eval` and `diff`."""
