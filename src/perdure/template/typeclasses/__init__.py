"""Your classes. Every module in this package is imported at start, so a class in a new file is known at once."""
