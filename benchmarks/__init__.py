"""How fast Perdure is: the same work done by Perdure, by the physical limit and by its peers, in the same run."""
