"""What travels between nodes: facts, trust, and the packs of studies; rules without I/O."""
