"""The modality worklist (PS3.4 Annex K): what is to be done, asked for by whoever does it."""
