"""Unified procedure steps: work to be done, claimed by its performer, watched by others."""
