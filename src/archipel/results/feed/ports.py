"""What the feed needs of the world."""

from datetime import datetime
from typing import Protocol

from archipel.kernel.actors import Scope
from archipel.results.feed.model import Cursor, FeedPage


class Feed(Protocol):
    """Changes of this node in the order in which they became true."""

    def page(
        self, since: Cursor | None, *, kinds: frozenset[str], limit: int, scope: Scope
    ) -> FeedPage:
        """Give at most `limit` changes behind `since`; None: from the oldest that is kept.

        Only of studies that `scope` sees. Raises `FeedGone`.
        """

    def newest(self) -> Cursor:
        """Give the cursor behind which nothing has happened yet."""

    def before(self, at: datetime) -> Cursor:
        """Give the cursor behind which lies everything that happened from `at` on."""
