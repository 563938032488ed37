"""`/status` and everything below it that can be read. Built by `app.http`; what readers send is in `signup`."""

from typing import Any

from litestar import Request, Response, post, route
from litestar.params import FromPath

from receiver.web.status.document import HTML, Document, not_found
from receiver.web.status.edition import Edition
from receiver.web.status.reply import SAFE, preferred, send
from receiver.web.status.shelf import Shelf
from receiver.web.status.signup import Signup

MOST_BYTES = 16 * 1024
_NOTHING = Document(
    content=b'<!doctype html><html lang="en"><meta charset="utf-8"><title>Status</title><p>There is nothing to show yet. Please try again in a minute.',
    media_type=HTML,
)


def status_routes(shelf: Shelf, signup: Signup) -> list[Any]:
    """Handlers of all documents, and of what readers send."""

    @route("/status", http_method=["GET", "HEAD"])
    async def front(request: Request[Any, Any, Any]) -> Response[bytes]:
        edition = await shelf.edition()
        if edition is None:
            return _nothing()
        language = preferred(request.headers.get("accept-language", ""), edition.site.languages)
        found = await shelf.document(language)
        if found is None:
            return _missing(request, edition, language)
        return send(request, found, is_indexed=edition.site.is_indexed, location=f"/status/{language}")

    @route("/status/{key:path}", http_method=["GET", "HEAD"])
    async def other(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        edition = await shelf.edition()
        if edition is None:
            return _nothing()
        wanted = str(key).strip("/")
        if private := await signup.look(edition, wanted):
            return private
        found = await shelf.document(wanted) if wanted else None
        if found is None:
            first = wanted.partition("/")[0]
            language = first if first in edition.site.languages else preferred(request.headers.get("accept-language", ""), edition.site.languages)
            return _missing(request, edition, language)
        return send(request, found, is_indexed=edition.site.is_indexed)

    @post("/status/{key:path}", status_code=200, request_max_body_size=MOST_BYTES)
    async def sent(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        edition = await shelf.edition()
        if edition is None:
            return _nothing()
        answer = await signup.take(request, edition, str(key).strip("/"))
        return answer or _missing(request, edition, preferred(request.headers.get("accept-language", ""), edition.site.languages))

    return [front, other, sent]


def _missing(request: Request[Any, Any, Any], edition: Edition, language: str) -> Response[bytes]:
    if not edition.site.has_page:
        return Response(b"", status_code=404, headers=SAFE, media_type=HTML)
    return send(request, not_found(edition, language), status=404, is_indexed=False)


def _nothing() -> Response[bytes]:
    headers = {**SAFE, "cache-control": "no-store", "retry-after": "60", "x-robots-tag": "noindex"}
    return Response(_NOTHING.content, status_code=503, headers=headers, media_type=HTML)
