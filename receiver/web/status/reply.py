"""How documents of the public side are sent: caching, ETag, a policy that lets nothing foreign in. Used by `routes` and `signup`."""

import hashlib
from typing import Any

from litestar import Request, Response

from receiver.web.status.document import HTML, Document

POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
SAFE = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "interest-cohort=()",
    "cross-origin-opener-policy": "same-origin",
}
FRESH = "public, max-age=30, stale-while-revalidate=60, stale-if-error=86400"
LASTING = "public, max-age=31536000, immutable"


def send(request: Request[Any, Any, Any], found: Document, *, status: int = 200, is_indexed: bool = True, location: str = "") -> Response[bytes]:
    """The document, or 304 when the reader has it."""
    tag = '"' + hashlib.sha256(found.content).hexdigest()[:24] + '"'
    headers = {**SAFE, "etag": tag, "cache-control": LASTING if found.is_lasting else FRESH}
    if found.language:
        headers["content-language"] = found.language
    if found.is_machine:
        headers["access-control-allow-origin"] = "*"
        headers["cross-origin-resource-policy"] = "cross-origin"
    if not is_indexed:
        headers["x-robots-tag"] = "noindex"
    if location:
        headers |= {"content-location": location, "vary": "accept-language"}
    if status == 200 and is_known(request.headers.get("if-none-match", ""), tag):
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    return Response(found.content, status_code=status, headers=headers, media_type=found.media_type)


def send_private(text: str, *, status: int = 200) -> Response[bytes]:
    """A page that is about one reader: nobody keeps it."""
    return Response(text.encode("utf-8", "replace"), status_code=status, headers={**SAFE, "cache-control": "no-store"}, media_type=HTML)


def is_known(given: str, tag: str) -> bool:
    """True when `If-None-Match` names this tag; weak or not makes no difference here (RFC 9110, 13.1.2)."""
    return given.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in given.split(",")]


def preferred(header: str, languages: tuple[str, ...]) -> str:
    """The language of the page that `Accept-Language` likes best; the primary one when it likes none."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        name, _, rest = part.strip().partition(";")
        try:
            weight = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            weight = 0.0
        wanted.append((-weight, place, name.strip().lower()))
    for weight, _, name in sorted(wanted):
        language = languages[0] if name == "*" else name.partition("-")[0]
        if weight < 0 and language in languages:
            return language
    return languages[0]
