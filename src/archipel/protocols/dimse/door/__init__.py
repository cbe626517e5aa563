"""The door: a guard process that takes connections, and the worker processes behind it."""
