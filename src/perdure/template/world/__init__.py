"""The content of your world: modules that build rooms, prototypes, texts, rules."""
