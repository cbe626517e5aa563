"""Limits and delays of the HL7 door. Every one bounds what a stranger can take from us."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MllpSettings:
    """How the provider behaves. `app.settings` fills it from the node's settings."""

    max_message_bytes: int = 4 << 20
    max_connections: int = 64
    max_connections_per_address: int = 16
    idle_timeout_s: float = 3600.0  # between two messages; RIS keep their connection open
    message_timeout_s: float = 30.0  # from the first byte of a message to its last
    answer_timeout_s: float = 30.0  # for the peer to take an answer
    messages_per_second: float = 500.0  # of one connection; beyond it we read more slowly
    release_2: bool = False  # a commit block before each answer
    drain_timeout_s: float = 5.0
