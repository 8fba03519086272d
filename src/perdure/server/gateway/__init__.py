"""The gateway: the process that holds the clients' connections. It knows no Django and no game code."""
