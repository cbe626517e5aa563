"""DICOM: upper layer (PS3.8), messages (PS3.7), data sets (PS3.5), media (PS3.10), JSON."""
