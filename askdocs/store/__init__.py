"""The files in which a generation keeps passages, vectors and terms."""
