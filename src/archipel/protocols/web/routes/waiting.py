"""What a route whose use case is not wired yet says."""

from archipel.kernel.errors import Unavailable

waiting = Unavailable("this part of the node is not wired yet")
