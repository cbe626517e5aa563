"""Segments of HL7 put into the words of orders."""
