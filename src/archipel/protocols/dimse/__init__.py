"""DIMSE over the upper layer (PS3.7, PS3.8): provider and user of the DICOM services."""
