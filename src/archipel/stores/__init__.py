"""They remember: one SQL module per domain, journal segments, packs; never a rule."""
