"""Stored settings of the running server: one value for each key."""
