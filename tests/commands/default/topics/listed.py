"""Topics for help."""

HELP_ENTRY_DICTS = [
    {
        "key": "Cave",
        "aliases": ["hollow"],
        "category": "Lore",
        "text": """
            The cave is full of dwarves.

            # SUBTOPICS

            ## dwarves
            They throw axes.

            ### axe
            Sharp.

            ## treasure
            Gold.
        """,
    },
    {"key": "secrets", "category": "Lore", "locks": "read:perm(Builder)", "text": "It lies under the stone."},
    {"key": "look", "category": "Lore", "text": "Not the command."},
    {"text": "Without a key"},
]
