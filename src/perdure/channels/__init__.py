"""Channels on which people talk, and stored messages between entities."""
