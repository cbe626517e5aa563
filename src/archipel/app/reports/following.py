"""What follows a signature: release when its time to undo has passed, then the archive's copy."""

from datetime import datetime, timedelta

from archipel.app.dispatcher import Subscription
from archipel.app.reports.archive import archive_report
from archipel.app.wiring import Node
from archipel.reading.events import ReportReceived, ReportReleased, ReportSigned
from archipel.reading.sign import release


def subscriptions(node: Node) -> list[Subscription]:
    """Return who hears of signed reports."""

    def release_when_due(event: ReportSigned, *, now: datetime) -> timedelta | None:
        return release(event, documents=node.documents, now=now)

    def archive(event: ReportReleased | ReportReceived, *, now: datetime) -> None:
        archive_report(event, node=node, now=now)

    return [
        Subscription(ReportSigned, "release", release_when_due),
        Subscription(ReportReleased, "archive-report", archive),
        Subscription(ReportReceived, "archive-received-report", archive),
    ]
