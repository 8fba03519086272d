"""The server: a gateway process that holds the sockets, and a world process that runs the game."""
