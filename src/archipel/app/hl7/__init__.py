"""The HL7 door of a node: its process, and what is done of a message."""
