"""Models that are no entities, for tests of the identity map and of transactions alone."""
