"""Whom a node believes: tokens, certificates, heads of logs, people's assertions.

Pure computing on keys and bytes; where keys lie and how bytes travel is decided elsewhere.
"""
