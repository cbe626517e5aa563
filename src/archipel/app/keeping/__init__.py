"""Scrubbing, mending, retention and tiers as a node does them."""
