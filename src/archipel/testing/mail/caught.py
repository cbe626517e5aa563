"""A mail as the catcher took it: the envelope of RFC 5321, and the message of RFC 5322."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass(frozen=True, slots=True)
class Caught:
    """One mail as it came: the envelope, and the message whole."""

    number: int
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.content, policy=default)

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """Its words; empty where it holds none."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""
