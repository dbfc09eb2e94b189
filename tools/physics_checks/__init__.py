"""Physics checks: the simulated skin against people, peers and an independent solver."""
