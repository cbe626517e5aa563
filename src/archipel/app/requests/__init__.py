"""Requests for reading in this node's processes."""
