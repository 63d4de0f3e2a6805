"""Who took part in each round, with what, and why a site did not."""
