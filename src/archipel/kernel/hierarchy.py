"""The levels of the patient root and study root models (PS3.4 section C.6)."""

from enum import IntEnum


class Level(IntEnum):
    """A level, ordered from the widest to the narrowest. The name is (0008,0052)'s value."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    IMAGE = 3
