"""Results put together: what the work process does for them, and the portal."""
