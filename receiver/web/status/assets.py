"""The one style sheet and the one optional script, under names that change with their content. Used by `pages` and `document`."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file that may be cached for ever under its key."""

    key: str
    content: bytes
    media_type: str


def _asset(name: str, ending: str, media_type: str) -> Asset:
    content = files("receiver.web.status").joinpath("static", f"{name}.{ending}").read_bytes()
    return Asset(key=f"static/{name}-{hashlib.sha256(content).hexdigest()[:12]}.{ending}", content=content, media_type=media_type)


STYLE = _asset("status", "css", "text/css")
SCRIPT = _asset("times", "js", "text/javascript")
ASSETS = {asset.key: asset for asset in (STYLE, SCRIPT)}
