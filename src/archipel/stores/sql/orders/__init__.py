"""Orders, worklists and the messages they came by."""
