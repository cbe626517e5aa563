"""Phantoms that look like patients at first glance, and whose truth is known.

Anatomy is built from implicit shapes in millimetres (x to the patient's left, y to the back,
z to the head: the LPS frame of PS3.3 C.7.6.2.1.1 with z up), so that sizes and volumes are
exact before they are sampled. Every exam is fictional; every name is marked as a test.
"""
