"""What follows a signed report on this node."""
