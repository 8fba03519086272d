"""Whole running games under the load of telnet clients (W14)."""
