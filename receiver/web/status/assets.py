"""The one style sheet, the one optional script and the logo, under names that change with their content. Used by `pages` and `document`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from receiver.web.status.edition import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file that may be cached for ever under its key."""

    key: str
    content: bytes
    media_type: str


def _asset(name: str, ending: str, media_type: str) -> Asset:
    return _named(name, ending, media_type, files("receiver.web.status").joinpath("static", f"{name}.{ending}").read_bytes())


def _named(name: str, ending: str, media_type: str, content: bytes) -> Asset:
    return Asset(key=f"static/{name}-{hashlib.sha256(content).hexdigest()[:12]}.{ending}", content=content, media_type=media_type)


def logo_of(site: Site) -> Asset | None:
    """The page's logo; none where notices.yaml draws none."""
    return _named("logo", "svg", "image/svg+xml; charset=utf-8", site.logo.encode()) if site.logo else None


def assets_of(site: Site) -> Mapping[str, Asset]:
    """Everything that may be cached for ever, by its key."""
    logo = logo_of(site)
    return ASSETS | ({logo.key: logo} if logo else {})


STYLE = _asset("status", "css", "text/css")
SCRIPT = _asset("times", "js", "text/javascript")
ASSETS = {asset.key: asset for asset in (STYLE, SCRIPT)}
