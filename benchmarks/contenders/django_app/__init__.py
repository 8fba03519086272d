"""The application of the plain Django contender."""
