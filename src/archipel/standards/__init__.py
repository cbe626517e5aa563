"""The grammars: bytes to values and back, with no input or output and no policy."""
