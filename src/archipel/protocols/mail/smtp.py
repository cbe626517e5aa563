"""Send one mail over SMTP: TLS from the first byte, STARTTLS, or in clear on this machine only.

One connection for each mail: results are few and a connection that is kept goes stale. The
Message-ID is ours and the same at each try (RFC 5322 section 3.6.4), so that a receiver can tell
a repetition. What the server says is not logged whole: it may repeat an address.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import Enum

from archipel.kernel.clock import Clock
from archipel.kernel.errors import Refused, Unavailable
from archipel.results.model import MailAddress, Message

_PERMANENT = 500


class TransportSecurity(Enum):
    """How the connection is kept private. The values are those of the settings."""

    TLS = "tls"  # from the first byte (RFC 8314), commonly port 465
    STARTTLS = "starttls"  # RFC 3207, commonly port 587
    NONE = "none"  # a mail server on this machine


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mails are handed over, and in whose name. `login` empty: no login."""

    host: str
    port: int
    security: TransportSecurity
    sender: MailAddress
    login: str = ""
    password: str = ""
    timeout_s: float = 20.0
    authority: str = (
        ""  # PEM file of the authority that signed its certificate; empty: the system's
    )


@dataclass(frozen=True, slots=True)
class SmtpPost:
    """`archipel.results.ports.Post` over SMTP."""

    server: MailServer
    clock: Clock

    def send(self, message: Message) -> None:
        """See the port. A server that cannot be made private is `Unavailable`: nothing is sent."""
        ready = written(message, sender=self.server.sender, now=self.clock())
        try:
            with self._connected() as connection:
                connection.send_message(ready)
        except smtplib.SMTPResponseException as answer:
            raise _kind_of(answer.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            raise _kind_of(max(codes, default=_PERMANENT)) from None
        except (OSError, smtplib.SMTPException) as failure:
            where = f"{self.server.host}:{self.server.port}"
            raise Unavailable(
                f"the mail server at {where} does not take mail: {type(failure).__name__}"
            ) from failure

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        told = self.server
        context = ssl.create_default_context(cafile=told.authority or None)
        if told.security is TransportSecurity.TLS:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                told.host, told.port, timeout=told.timeout_s, context=context
            )
        else:
            connection = smtplib.SMTP(told.host, told.port, timeout=told.timeout_s)
        try:
            if told.security is TransportSecurity.STARTTLS:
                connection.starttls(context=context)
            if told.login:
                connection.login(told.login, told.password)
            yield connection
        finally:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()


def written(message: Message, *, sender: MailAddress, now: datetime) -> EmailMessage:
    """Write a mail. A line break in a header raises `ValueError`: addresses never hold one."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender.value
    mail["To"] = message.to.value
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.id}@{sender.value.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    mail.set_content(message.text)
    return mail


def _kind_of(code: int) -> Refused | Unavailable:
    if code >= _PERMANENT:
        return Refused(f"the mail server refuses this mail for good (SMTP {code})")
    return Unavailable(f"the mail server asks to try again later (SMTP {code})")
