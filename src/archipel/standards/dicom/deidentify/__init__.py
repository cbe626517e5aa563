"""De-identification of data sets: the confidentiality profiles of PS3.15 Annex E.

`apply.deidentify` turns one data set into one that names nobody; `profile` says with which
options, `pseudonyms` gives what stands in the place of identity, `burned` judges what the pixels
themselves may show. Nothing here is partial: a data set that cannot be made safe is refused.
"""
