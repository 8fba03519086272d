"""Accounts: the people who play, their sessions and their characters."""
