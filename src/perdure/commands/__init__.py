"""Commands: what players type, the sets they are found in, and how they run."""
