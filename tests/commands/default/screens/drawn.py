"""A first screen that is drawn from several."""

FIRST = "First picture"
SECOND = "Second picture"
other = "No picture"
