"""The only code that opens an index's files and changes the disk."""
