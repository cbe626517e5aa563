"""Studies between nodes in this node's processes: what is offered, fetched and taken in."""
