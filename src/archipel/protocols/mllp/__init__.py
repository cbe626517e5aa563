"""MLLP, the Minimal Lower Layer Protocol of HL7 (releases 1 and 2): blocks of bytes over TCP."""
