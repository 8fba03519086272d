"""Tests of the game: `perdure test` runs every test*.py, on a database of its own."""
