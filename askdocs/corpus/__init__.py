"""The source files: which ones make the corpus, and what is in them."""
