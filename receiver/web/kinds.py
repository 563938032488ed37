"""What differs between the kinds of sources on their way in: which path a source has, how it signs, how its body reads. Called by `web.ingest`.

Alertmanager's own path does not come through here: it is the hot one.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache

from receiver.clock import Clock
from receiver.core.rulebook import RuleBook
from receiver.core.source import KINDS, Signature
from receiver.sources.alertmanager import Webhook
from receiver.sources.reading import read

PATH = "/webhooks/"
SecretOf = Callable[[str], str | None]


@lru_cache(256)
def named(path: str) -> tuple[str, str]:
    """Kind and source of a webhook's path; two empty texts for any other path."""
    if not path.startswith(PATH):
        return "", ""
    kind, _, source = path[len(PATH) :].strip("/").partition("/")
    return (kind, source or kind) if kind in KINDS and "/" not in source else ("", "")


def path_of(kind: str, source: str) -> str:
    """Where a source of this kind sends to."""
    return f"{PATH}{kind}" if kind == source else f"{PATH}{kind}/{source}"


def sign(signature: Signature, secret: str, body: bytes, timestamp: str) -> str:
    """The signature of a body, as Grafana makes it: hexadecimal HMAC-SHA256 of the body, or of `timestamp:body`."""
    said = timestamp.encode() + b":" + body if signature.timestamp_header else body
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()


class Kinds:
    """Asked for every webhook that is not Alertmanager's, and for the signature of every source that has one."""

    def __init__(self, rules: Callable[[], RuleBook], secret_of: SecretOf, clock: Clock) -> None:
        self._rules, self._secret_of, self._clock = rules, secret_of, clock

    def is_at_home(self, kind: str, source: str) -> bool:
        """True when this source may come by the path of this kind: what stands in sources.yaml, or the name that is the kind itself."""
        rules = self._rules()
        return rules.kind_of(source) == kind and (source in rules.sources or (source == kind and kind != "generic"))

    def is_signed(self, source: str, headers: Mapping[bytes, bytes], body: bytes) -> bool:
        """True when the source need not sign, or did, and not too long ago. Compared in constant time."""
        known = self._rules().sources.get(source)
        signature = known.signature if known else None
        if signature is None:
            return True
        secret = self._secret_of(signature.secret)
        timestamp = headers.get(signature.timestamp_header.encode(), b"").decode("latin-1")
        if not secret or (signature.timestamp_header and not self._is_recent(timestamp, signature.tolerance)):
            return False
        given = headers.get(signature.header.encode(), b"").decode("latin-1").strip().lower().removeprefix("sha256=")
        return hmac.compare_digest(given.encode(), sign(signature, secret, body, timestamp).encode())

    def _is_recent(self, timestamp: str, tolerance: timedelta) -> bool:
        if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
            return False
        return abs(self._clock.now().timestamp() - int(timestamp)) <= tolerance.total_seconds()

    def read(self, source: str, body: bytes) -> Webhook:
        """Everything usable in the body; raises UndecodableError."""
        return read(source, self._rules().sources.get(source), body, self._clock.now())
