"""A mail server that keeps what it is given, and shows it: for demonstrations and tests."""

from archipel.testing.mail.catcher import Caught, MailCatcher

__all__ = ["Caught", "MailCatcher"]
