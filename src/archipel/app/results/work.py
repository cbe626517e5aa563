"""What the work process does for results: release what was signed, tell whom it concerns."""

from datetime import datetime, timedelta

from archipel.app.dispatcher import Subscription
from archipel.app.wiring import Node
from archipel.kernel.actors import Actor, ActorKind, Scope
from archipel.kernel.errors import Refused
from archipel.protocols.mail.smtp import MailServer, SmtpPost, TransportSecurity
from archipel.reading.events import ReadingChosen, ReportReceived, ReportReleased
from archipel.reading.model import ExamId
from archipel.reading.request.model import Stage
from archipel.reading.request.ports import Requests
from archipel.results.correspond import invite
from archipel.results.events import LinkShared, MailDue, ResultAnnounced, ResultReleased
from archipel.results.model import MailAddress, Message, Recipient
from archipel.results.notify import deliver, tell
from archipel.results.ports import Post
from archipel.results.publish import publish

MAIL_LANE = "mail"
_NODE = Actor(ActorKind.NODE, "results")


class _NoPost:
    """Stands where no mail server is configured."""

    def send(self, message: Message) -> None:
        """Refuse: nobody is told."""
        raise Refused(f"mail {message.id} cannot leave: set mail.host and mail.sender")


def post_of(node: Node) -> Post:
    """Return the mail server of the settings. Raises `Malformed`."""
    told = node.settings.mail
    if not told.host:
        return _NoPost()
    return SmtpPost(
        MailServer(
            host=told.host,
            port=told.port,
            security=TransportSecurity(told.security),
            sender=MailAddress(told.sender),
            login=told.login,
            password=told.password,
            timeout_s=told.timeout_s,
            authority=told.authority,
        ),
        node.clock,
    )


def named_for(requests: Requests, exam: ExamId) -> list[Recipient]:
    """Return who is to be told of an exam, as those said who asked for its reading."""
    found = []
    for held in requests.of_exam(exam, scope=Scope(_NODE, frozenset({exam.tenant}))):
        told, asks = held.request.referrer, held.request.asking.tenant == exam.tenant
        if told is None or not asks or held.stage is Stage.CANCELLED:
            continue
        mail = MailAddress(told.mail)
        found.append(Recipient(name=told.name, mail=mail, language=told.language))
    return found


def subscriptions(node: Node) -> list[Subscription]:
    """Return who hears of what, of results."""
    post = post_of(node)

    def release(event: ReportReleased | ReportReceived | ReadingChosen, *, now: datetime) -> None:
        if node.organisations.organisation(tenant=event.tenant) is None:
            return  # the exam's home tells its referrers and patients
        publish(
            ExamId(event.tenant, event.study),
            documents=node.documents,
            releases=node.releases,
            audit=node.audit,
            now=now,
        )

    def tell_of(
        event: LinkShared | ResultReleased | ResultAnnounced, *, now: datetime
    ) -> timedelta | None:
        return tell(
            ExamId(event.tenant, event.study),
            links=node.links,
            releases=node.releases,
            mails=node.mails,
            now=now,
        )

    def send(event: MailDue, *, now: datetime) -> timedelta | None:
        return deliver(
            event.mail,
            mails=node.mails,
            post=post,
            secrets=node.portal_secrets,
            address=node.settings.public_url,
            now=now,
        )

    def invite_referrer(event: ResultReleased, *, now: datetime) -> None:
        exam = ExamId(event.tenant, event.study)
        invite(
            exam,
            exams=node.exams,
            correspondents=node.correspondents,
            links=node.links,
            audit=node.audit,
            now=now,
            named=named_for(node.requests, exam),
        )

    return [
        Subscription(ReportReleased, "results-publish", release),
        Subscription(ReportReceived, "results-publish-received", release),
        Subscription(ReadingChosen, "results-publish-chosen", release),
        Subscription(ResultReleased, "results-released", tell_of),
        Subscription(ResultReleased, "results-referrer", invite_referrer),
        Subscription(LinkShared, "results-shared", tell_of),
        Subscription(ResultAnnounced, "results-announced", tell_of),
        Subscription(MailDue, "mail", send, lane=MAIL_LANE),
    ]
