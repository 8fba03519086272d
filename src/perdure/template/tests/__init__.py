"""Tests of the game: `perdure test` runs every test*.py, on a database of its own.

Where pytest is installed (`pip install "perdure[testing]"`), `python -m pytest` runs them too, and tests may be
functions that take the fixture `world`.
"""
