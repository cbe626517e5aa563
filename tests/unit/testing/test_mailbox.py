"""The mail catcher: takes what SMTP gives, shows it without running it, relays nothing."""

import smtplib
import urllib.request

import pytest

from archipel.kernel.clock import utc_now
from archipel.kernel.errors import Refused, Unavailable
from archipel.protocols.mail.smtp import MailServer, SmtpPost, TransportSecurity
from archipel.results.model import MailAddress, Message
from archipel.testing.mail import MailCatcher


def message(text: str = "Bonjour\n.\n..points\n") -> Message:
    return Message(id="0" * 16, to=MailAddress("a@b.test"), subject="Éssai <b>", text=text)


def post_to(
    catcher: MailCatcher, security: TransportSecurity = TransportSecurity.NONE
) -> SmtpPost:
    server = MailServer(
        host="127.0.0.1",
        port=catcher.port,
        security=security,
        sender=MailAddress("node@chu.test"),
        timeout_s=5,
    )
    return SmtpPost(server, utc_now)


def page(catcher: MailCatcher, path: str = "") -> str:
    with urllib.request.urlopen(catcher.url + path, timeout=5) as answer:  # noqa: S310 (loopback)
        return str(answer.read().decode())


def test_a_mail_is_kept_as_it_was_sent() -> None:
    with MailCatcher() as catcher:
        post_to(catcher).send(message())
        mail = catcher.wait_for("a@b.test", timeout_s=5)

    assert (mail.sender, mail.recipients) == ("node@chu.test", ("a@b.test",))
    assert mail.subject == "Éssai <b>"
    assert mail.text.splitlines() == ["Bonjour", ".", "..points"]
    assert mail.message["Message-ID"] == f"<{'0' * 16}@chu.test>"


def test_the_page_shows_mails_newest_first_and_runs_nothing() -> None:
    with MailCatcher() as catcher:
        post_to(catcher).send(message("<script>alert(1)</script> https://x.test/portal/#a.b\n"))
        listed, shown = page(catcher), page(catcher, "mails/1")

    assert "Éssai &lt;b&gt;" in listed
    assert "<script>" not in shown
    assert '<a href="https://x.test/portal/#a.b">' in shown


def test_a_server_that_asks_for_later_or_never_is_told_apart() -> None:
    with MailCatcher(refuse="451 later") as later, MailCatcher(refuse="550 never") as never:
        with pytest.raises(Unavailable):
            post_to(later).send(message())
        with pytest.raises(Refused):
            post_to(never).send(message())
    assert later.mails() == never.mails() == []


def test_a_server_without_tls_gets_no_mail_where_tls_is_asked_for() -> None:
    with MailCatcher() as catcher:
        with pytest.raises(Unavailable):
            post_to(catcher, TransportSecurity.STARTTLS).send(message())
        assert catcher.mails() == []


def test_nobody_to_send_to_is_no_mail() -> None:
    with MailCatcher() as catcher, smtplib.SMTP("127.0.0.1", catcher.port, timeout=5) as client:
        client.ehlo()
        client.mail("a@b.test")
        code, _ = client.docmd("DATA")

        assert code == 503
        with pytest.raises(Unavailable):
            catcher.wait_for("a@b.test", timeout_s=0.05)
