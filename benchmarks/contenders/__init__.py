"""Who takes part: one module each, with a class that implements the operations of `base.Contender`."""
