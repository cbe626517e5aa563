"""Clinical documents (HL7 CDA R2) of imaging: written here, never executed."""
