"""The feed of changes as other systems read it."""

from datetime import datetime

from archipel.protocols.web.models.base import View
from archipel.results.feed.model import Change, FeedPage


class ChangeView(View):
    """One thing that happened to one exam. `cursor`: give it back to go on behind this change."""

    cursor: str
    kind: str
    at: datetime
    exam: str
    organisation: str
    study_instance_uid: str
    series_instance_uid: str | None
    instances: int | None


class ChangesView(View):
    """Changes in order. `next` is the cursor for what follows; `more`: some of it is there."""

    changes: list[ChangeView]
    next: str
    more: bool


def change_view(change: Change) -> ChangeView:
    """Return one change."""
    return ChangeView(
        cursor=str(change.cursor),
        kind=change.kind,
        at=change.at,
        exam=f"{change.tenant}~{change.study}",
        organisation=change.tenant.value,
        study_instance_uid=change.study.value,
        series_instance_uid=change.series.value if change.series else None,
        instances=change.instances,
    )


def changes_view(page: FeedPage) -> ChangesView:
    """Return a page."""
    return ChangesView(
        changes=[change_view(one) for one in page.changes], next=str(page.next), more=page.more
    )
