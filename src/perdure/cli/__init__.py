"""The `perdure` command: one file per group of verbs, `main.py` puts them together."""
