"""An object store of one's own for tests, and a line to it that misbehaves on command."""
