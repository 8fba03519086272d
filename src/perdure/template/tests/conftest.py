"""What pytest gives to tests: a test with an argument `world` has a world of its own."""

pytest_plugins = ["perdure.testing.plugin"]
