"""Scripts: state and time without a body."""
