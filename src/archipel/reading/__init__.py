"""Who reads: the worklist, the claim on an exam, the draft of its report."""
