"""HL7 version 2 in its vertical-bar encoding (ER7): bytes to values and back, no policy."""
