"""Routes of the desks where people decide upon what the archive took in."""
