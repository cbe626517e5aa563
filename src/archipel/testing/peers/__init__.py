"""Programs of others as peers, and how this node stands beside them."""
