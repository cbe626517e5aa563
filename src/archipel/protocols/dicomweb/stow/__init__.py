"""STOW-RS, storing instances (PS3.18 section 10.5): from the body to the journal."""
