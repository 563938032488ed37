"""The status page under a host name of its own: there nothing else is answered, so that no cookie, form or webhook of the rest can meet it."""

from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

PREFIX = "/status"
_ELSEWHERE = f"{PREFIX}/-"  # answered as any page that does not exist


def host_of(url: str | None) -> str:
    """`status.example.com` of `https://status.example.com`; a port other than the scheme's own belongs to it."""
    return urlsplit(url or "").netloc.lower()


def on_own_host(rest: ASGIApp, status_url: str | None, public_url: str | None) -> ASGIApp:
    """The application; requests to STATUS_URL's host reach the status page and nothing else."""
    own = host_of(status_url)
    if not own or own == host_of(public_url):
        return rest

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and _host(scope) == own:
            path = _inside(str(scope["path"]))
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await rest(scope, receive, send)

    return front


def _inside(path: str) -> str:
    if path in ("", "/"):
        return PREFIX
    return path if path == PREFIX or path.startswith(f"{PREFIX}/") else _ELSEWHERE


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), "")
