"""Typeclasses: Python classes whose instances save themselves, hold any attribute, and can change class."""
