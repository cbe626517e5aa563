"""Ask another organisation to read an exam: the request, the partner, the life of both.

Tele-radiology in French law is a medical act asked by a professional of another one, under an
agreement, with the patient informed (code de la santé publique, R.6316-1 to R.6316-5); the
justification is that of the radiation protection rules (R.1333-46). What happened to a request
is a set of facts that several nodes write (`archipel.exchange`); where it stands is folded here.
"""
