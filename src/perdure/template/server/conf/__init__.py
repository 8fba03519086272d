"""What the server asks the game for."""
