"""Demo worlds: places to try the engine in, each in a package of its own."""
