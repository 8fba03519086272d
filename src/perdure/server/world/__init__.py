"""The world process: the game's objects, its commands, its web pages."""
