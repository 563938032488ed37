"""Incident to message, from the templates in `message_templates/<kind>.<language>.html.j2`. Called by `workers.sender` and `chat`."""

import hashlib
import html
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from jinja2 import DictLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from receiver.channels.base import Button, Message
from receiver.channels.view import ServiceView, build
from receiver.channels.visible import visible
from receiver.channels.words import ACTIVE_RU, form, ordinal, plural
from receiver.core.errors import ReceiverError
from receiver.core.incident import Incident

KINDS = ("incident", "worse", "reopened", "ended", "why")
LANGUAGES = ("en", "ru")
LABELS = {
    "en": {"ack": "✅ Acknowledge", "resolve": "🟢 Resolve", "why": "❔ Why?"},
    "ru": {"ack": "✅ Беру", "resolve": "🟢 Решено", "why": "❔ Почему я"},
}
__all__ = ["Renderer", "ServiceView", "TemplateFault", "Templates", "labels"]


class TemplateFault(ReceiverError):  # noqa: N818 - the word rules use for what is wrong in a file
    """A template that can't be used: `file:line: what is wrong`."""


def labels(language: str) -> Mapping[str, str]:
    """The buttons' texts."""
    return LABELS.get(language, LABELS["en"])


class Renderer:
    """All templates, compiled once; raises TemplateFault for any that is missing or wrong."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        sources = {p.name: p.read_text("utf-8") for p in sorted(directory.glob("*.j2"))}
        self.version = hashlib.sha256(repr(sources).encode()).hexdigest()[:12]
        self._environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(sources), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.filters.update(visible=visible, plural=plural, ordinal=ordinal, active_ru=lambda n: form(n, ACTIVE_RU))
        self._templates = {(k, lang): self._compile(k, lang) for k in KINDS for lang in LANGUAGES}

    def _compile(self, kind: str, language: str) -> Template:
        name = f"{kind}.{language}.html.j2"
        try:
            return self._environment.get_template(name)
        except TemplateSyntaxError as fault:
            raise TemplateFault(f"{name}:{fault.lineno}: {fault.message}") from None
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
        silent: bool = False,
    ) -> Message:
        """The message in one language and zone. A template that fails now gives the plainest text: the page goes out all the same."""
        language = language if language in LANGUAGES else "en"
        view = build(incident, services, language, timezone, now)
        try:
            markup = self._templates[kind, language].render(**view, args={k: visible(v) for k, v in (args or {}).items()}, language=language)
            markup = re.sub(r"\n{3,}", "\n\n", markup).strip()
        except TemplateError as fault:
            markup = html.escape(f"{view['mark']} {view['system']}: {view['title']}\n{view['severity']} · {incident.id}\n({type(fault).__name__}: {kind})")
        return Message(html=markup, plain=to_plain(markup), buttons=buttons, silent=silent)


class Templates:
    """The templates in force; replaced as a whole on reload."""

    def __init__(self, renderer: Renderer) -> None:
        self.current = renderer


def to_plain(markup: str) -> str:
    """The same without markup; links become `name: url`."""
    linked = re.sub(r'<a href="([^"]*)">([^<]*)</a>', r"\2: \1", markup)
    return html.unescape(re.sub(r"<[^>]*>", "", linked))
