"""What a browser sees of the engine: Django's admin for now."""
