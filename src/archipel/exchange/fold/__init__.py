"""What a set of facts means: one pure function for each kind of subject.

Each takes the facts of one subject in any order and gives the same state on every node. A rule
that depends on who may state something looks at the log that a fact stands in, never at the node
that brought it.
"""
