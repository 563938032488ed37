"""A drawing the rules carry, such as the page's logo: SVG that draws and does nothing else. Used by `rules.schema_notices`.

Readers see it inside an `img`, where nothing of it runs; whoever opens it alone, from a copy on another host, is to be as safe.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any
from xml.etree import ElementTree

from pydantic import PlainValidator, WithJsonSchema

from receiver.rules.fields import wrong

LONGEST = 32 * 1024
_SVG = "{http://www.w3.org/2000/svg}"
_DOES = frozenset({"script", "foreignObject", "iframe", "object", "embed", "audio", "video", "image", "a", "animate", "set", "handler"})
_FETCHES = re.compile(r"url\s*\(\s*['\"]?(?!#)|@import|javascript:|expression\s*\(", re.IGNORECASE)


def _drawing(value: Any) -> str:
    if not isinstance(value, str) or not value.lstrip().startswith("<svg"):
        raise wrong("this is not a drawing", 'write the SVG itself, beginning with <svg xmlns="http://www.w3.org/2000/svg" viewBox="…">')
    if len(value) > LONGEST:
        raise wrong(f"this drawing has {len(value)} characters", f"simplify it to at most {LONGEST}: every page carries it")
    if "<!" in value or "<?" in value:
        raise wrong("a drawing needs no comments, declarations or entities", "write <svg …>…</svg> alone")
    try:
        root = ElementTree.fromstring(value.strip())  # noqa: S314 - no declaration, so no entity can be made
    except ElementTree.ParseError as fault:
        raise wrong(f"this SVG cannot be read: {fault}", "open it in a browser to see what is wrong") from None
    if root.tag != f"{_SVG}svg" or "viewBox" not in root.attrib:
        raise wrong("this SVG says neither what it is nor how large", 'begin it with <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">')
    if found := next(_dangers(root), ""):
        raise wrong(f"this drawing holds {found}", "a logo draws and does nothing else: keep paths, shapes, texts and styles")
    return value.strip()


def _dangers(root: ElementTree.Element) -> Iterator[str]:
    for one in root.iter():
        name = one.tag.removeprefix(_SVG)
        if name in _DOES or name.startswith(("{", "animate")):
            yield f"<{name.rpartition('}')[2]}>"
        for key, text in one.attrib.items():
            plain = key.rpartition("}")[2].lower()
            if plain.startswith("on") or (plain in ("href", "src") and not text.startswith("#")) or _FETCHES.search(text):
                yield f'{plain}="{text[:40]}"'
        if _FETCHES.search(one.text or ""):
            yield "a style that fetches something"


Drawing = Annotated[str, PlainValidator(_drawing), WithJsonSchema({"type": "string", "pattern": r"^\s*<svg"})]
