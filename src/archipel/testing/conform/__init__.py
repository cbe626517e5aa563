"""`archipel conform`: any DICOMweb server held against PS3.18, check by check.

The checks are written from the standard and know nothing of our own server: this room imports
neither protocols nor stores nor the application (an import contract holds it to that). What is
sent is made on the spot; nobody else's patients or pixels are asked for. docs/adr/0110 tells more.
"""
