"""QIDO-RS (PS3.18 section 10.6): from the query string to the answer."""
