"""What can go wrong with an association, for both sides of it."""

from archipel.kernel.errors import Malformed, NotFound, Refused, Unavailable


class AssociationLost(Unavailable):
    """The peer went away, fell silent or aborted: nothing more can be said to it."""


class ProtocolViolated(Malformed):
    """The peer sent what PS3.7 or PS3.8 forbids; the association was aborted."""


class AssociationRejected(Refused):
    """The peer answered A-ASSOCIATE-RJ. `reason` is source << 8 | reason (PS3.8 table 9-21)."""

    def __init__(self, where: str, *, result: int, reason: int) -> None:
        super().__init__(
            f"{where} rejected the association: result {result}, source {reason >> 8}, "
            f"reason {reason & 0xFF} (PS3.8 table 9-21); check both AE titles at the peer"
        )
        self.result = result
        self.reason = reason


class NotAccepted(Refused):
    """The peer accepted no presentation context that could carry this."""


class OperationFailed(Unavailable):
    """The peer answered a request with a status of failure."""

    def __init__(self, what: str, status: int, comment: str) -> None:
        super().__init__(f"{what} failed with status {status:04X}H {comment}".rstrip())
        self.status = status


class NotGranted(Refused):
    """The device is known, but was not given the right to this service."""

    def __init__(self, who: str, service: str) -> None:
        super().__init__(f"{who} may not {service} here: grant it the right to {service}")


class NoSuchType(NotFound):
    """An N-service has no action or event of that type."""


class OtherInstance(Malformed):
    """The data set is not the instance, or not of the class, that the command announced."""
