"""How a receiver knows that a delivery is ours, whole and fresh: HMAC-SHA256 (RFC 2104).

The header reads `t=SECONDS,v1=HEX`. Signed is the number of seconds since 1970 as written, a dot,
and the body as sent. A receiver refuses what is older than five minutes, so that a delivery that
somebody caught is of no use later. `docs/extend/webhooks.md` tells receivers how.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import datetime

HEADER = "Archipel-Signature"


def secret_of(key: bytes, webhook: str) -> str:
    """Derive the secret of a webhook from the node's key: it is kept nowhere else."""
    digest = hmac.digest(key, f"webhook\0{webhook}".encode(), hashlib.sha256)
    return "whsec_" + urlsafe_b64encode(digest).rstrip(b"=").decode()


def signed(secret: str, body: bytes, *, at: datetime) -> str:
    """Sign a body: the value of the header."""
    seconds = str(int(at.timestamp()))
    made = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256)
    return f"t={seconds},v1={made.hexdigest()}"
