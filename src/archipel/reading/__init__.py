"""Who reads: the worklist, claims, report drafts."""
