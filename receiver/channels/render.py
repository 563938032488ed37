"""Incident to message, from the templates in `message_templates/<kind>.<language>.html.j2`. Called by `workers.sender` and `chat`."""

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from receiver.channels.base import About, Button, Message
from receiver.channels.forms import Form
from receiver.channels.notice_texts import NoticeTexts
from receiver.channels.template_fault import TemplateFault
from receiver.channels.template_policy import refusals
from receiver.channels.template_samples import facts
from receiver.channels.view import ServiceView, build
from receiver.channels.visible import visible
from receiver.channels.words import noun, number, ordinal, plural
from receiver.core.incident import Incident

KINDS = ("incident", "worse", "reopened", "ended", "why", "your_turn", "nobody", "still", "picture", "flapping")
FRAMES = ("mail",)  # what a text is put into, not a text of its own
OVERVIEWS = ("collected",)  # of many incidents
FILES = (*KINDS, *FRAMES, *OVERVIEWS)
LANGUAGES = ("en", "ru")
_BETWEEN_LINKS = "</a> · <a "  # where a link is written out each has a line of its own
FAILURES = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError, MemoryError)  # all a template can raise
__all__ = ["Renderer", "ServiceView", "TemplateFault", "Templates"]


def template_name(kind: str, language: str) -> str:
    """The file of a kind in a language."""
    return f"{kind}.{language}.html.j2"


def read_sources(directory: Path) -> dict[str, str]:
    """All template texts by file name; nothing outside the directory can be reached later."""
    try:
        return {p.name: p.read_text("utf-8") for p in sorted(directory.glob("*.j2"))}
    except (OSError, UnicodeDecodeError) as fault:
        raise TemplateFault(f"{directory}: {fault}: `receiver rules check` says which file") from None


def make_environment(sources: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    """Where templates run: sandboxed, escaping, with no file but these and no filter but ours and Jinja's own."""
    loader = FunctionLoader(lambda name: (sources[name], name, lambda: True) if name in sources else None)
    environment = ImmutableSandboxedEnvironment(loader=loader, undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(visible=visible, plural=plural, noun=noun, ordinal=ordinal, number=number)
    return environment


@lru_cache(maxsize=2)  # a reload of rules brings the same texts most times, and compiling them is half of it
def _looked_through(texts: tuple[tuple[str, str], ...]) -> ImmutableSandboxedEnvironment:
    """What a template may not do is refused before it ever runs. Raises TemplateFault."""
    sources = dict(texts)
    environment = make_environment(sources)
    for name, text in texts:
        try:
            found = next(refusals(environment.parse(text), facts(name), frozenset(sources)), None)
        except TemplateSyntaxError as fault:
            raise TemplateFault(f"{name}:{fault.lineno}: {fault.message}") from None
        if found is not None:
            raise TemplateFault(f"{name}:{found.line}: {found.message}, {found.hint}")
    return environment


class Renderer:
    """All templates, looked through and compiled once; raises TemplateFault for any that is missing, wrong or does what none may.

    `notices` are the texts customers get; none where the directory has none.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        sources = read_sources(directory)
        self._environment = _looked_through(tuple(sources.items()))
        self.version = hashlib.sha256(repr(sources).encode()).hexdigest()[:12]
        self.notices = NoticeTexts(directory) if (directory / "notices").is_dir() else None
        self._templates = {(k, lang): self._compile(k, lang) for k in FILES for lang in LANGUAGES}

    def _compile(self, kind: str, language: str) -> Template:
        name = template_name(kind, language)
        try:
            return self._environment.get_template(name)
        except TemplateError:
            raise TemplateFault(f"{self._directory / name}: missing; every kind needs one per language") from None

    def render(
        self,
        kind: str,
        incident: Incident,
        *,
        language: str,
        timezone: str,
        now: datetime,
        services: Mapping[str, ServiceView],
        buttons: tuple[tuple[Button, ...], ...] = (),
        args: Mapping[str, str] | None = None,
        person: str = "",
        silent: bool = False,
        form: Form = Form.CHAT,
        slot: str = "",
        note: str = "",
    ) -> Message:
        """The message in one language, zone and form, for the notification `slot`; `person` is who alone reads it, `note` a line below it.

        A template that fails now gives the plainest text: the page goes out all the same.
        """
        language = language if language in LANGUAGES else "en"
        view = build(incident, services, language, timezone, now, args, person)
        try:
            markup = self._templates[kind, language].render(**view, language=language)
            markup = re.sub(r"\n{3,}", "\n\n", markup).strip()
        except FAILURES as fault:
            markup = html.escape(f"{view['mark']} {view['system']}: {view['title']}\n{view['severity']} · {incident.id}\n({type(fault).__name__}: {kind})")
        if note:
            markup += f"\n<i>{html.escape(note)}</i>"
        title = f"{view['system']}: {view['title']}" if view["title"] else str(view["system"])
        about = About(incident=incident, kind=kind, slot=slot, language=language, facts=view)
        message = Message(
            html=markup,
            plain=to_plain(markup if form is Form.CHAT else markup.replace(_BETWEEN_LINKS, "</a>\n<a ")),
            buttons=buttons,
            silent=silent,
            title=title,
            about=about,
        )
        return replace(message, html=self._framed(markup, view, language)) if form is Form.MAIL else message

    def overview(self, kind: str, view: Mapping[str, object], language: str) -> Message:
        """A silent message about many incidents at once; the bare numbers where its template fails."""
        language = language if language in LANGUAGES else "en"
        try:
            markup = re.sub(r"\n{3,}", "\n\n", self._templates[kind, language].render(**view, language=language)).strip()
        except FAILURES as fault:
            counts = " · ".join(f"{name}: {value}" for name, value in view.items() if isinstance(value, int))
            markup = html.escape(f"{counts}\n({type(fault).__name__}: {kind})")
        return Message(html=markup, plain=to_plain(markup), silent=True)

    def _framed(self, markup: str, view: Mapping[str, object], language: str) -> str:
        """The text as a page of its own; the bare text where the frame fails."""
        body = Markup(markup.replace("\n", "<br>\n"))  # noqa: S704 - escaped by the template it comes from
        try:
            return self._templates["mail", language].render(**view, body=body, language=language)
        except FAILURES:
            return str(body)


class Templates:
    """The templates in force; replaced as a whole on reload."""

    def __init__(self, renderer: Renderer) -> None:
        self.current = renderer


def to_plain(markup: str) -> str:
    """The same without markup; links become `name: url`."""
    linked = re.sub(r'<a href="([^"]*)">([^<]*)</a>', r"\2: \1", markup)
    return html.unescape(re.sub(r"<[^>]*>", "", linked))
