"""Text for people: markup, and templates that read differently for each receiver."""
