"""From a file's bytes to passages and sentences."""
