"""A mail server that keeps what it is given, and shows it: for demonstrations and tests."""

from archipel.testing.mail.catcher import MailCatcher
from archipel.testing.mail.caught import Caught

__all__ = ["Caught", "MailCatcher"]
