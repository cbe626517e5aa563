"""Architecture tests read the source; they import nothing of it."""
