"""Objects: everything that is somewhere in the world."""
