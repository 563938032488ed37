"""The texts customers get, from `message_templates/notices/KEY.LANGUAGE.txt.j2`: first line the title, the rest the body. Called by `app`.

A template may hold words and the five variables of `core.notice_text`, nothing else: no condition, no filter, no attribute. They are text,
not markup; every surface escapes for itself. No label or annotation is ever in scope.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from receiver.channels.render import TemplateFault
from receiver.channels.words import clock
from receiver.core.notice import PublicText
from receiver.core.notice_rules import NoticeRules
from receiver.core.notice_text import KEYS, VARIABLES, Saying

SUFFIX = ".txt.j2"
LARGEST = 4_000
_PLAIN = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name)


class NoticeTexts:
    """All texts, looked through and compiled once; raises TemplateFault for one that is wrong. A language without files has English words."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "notices"
        self._environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        for table in (self._environment.filters, self._environment.tests, self._environment.globals):
            table.clear()
        self._texts: dict[tuple[str, str], Template] = {}
        for path in sorted(self._directory.glob(f"*{SUFFIX}")):
            key, _, language = path.name.removesuffix(SUFFIX).partition(".")
            self._texts[key, language] = self._read(path)
        missing = [f"{key}.en{SUFFIX}" for key in KEYS if (key, "en") not in self._texts]
        if missing:
            raise TemplateFault(f"{self._directory}: {missing[0]} is missing: every text has one in English at least")

    def compose(self, key: str, saying: Saying, rules: NoticeRules) -> Mapping[str, PublicText]:
        """One text in every language of the page."""
        return {language: self._one(key, language, saying, rules) for language in rules.languages}

    def source(self, key: str, language: str) -> str:
        """The file of a text, as it stands."""
        path = self._directory / f"{key}.{language}{SUFFIX}"
        return path.read_text("utf-8") if path.exists() else ""

    def _one(self, key: str, language: str, saying: Saying, rules: NoticeRules) -> PublicText:
        template = self._texts.get((key, language)) or self._texts[key, "en"]
        names = [component.name(language) for component in saying.components] or [rules.page.names.get(language, "")]
        rendered = template.render(
            component=names[0],
            components=", ".join(names),
            since=clock(saying.since, rules.page.timezone, saying.now, language),
            next=clock(saying.next_at, rules.page.timezone, saying.now, language),
            contact=rules.page.contact,
        )
        title, _, body = rendered.strip().partition("\n")
        return PublicText(title=title.strip(), body=body.strip())

    def _read(self, path: Path) -> Template:
        try:
            source = path.read_text("utf-8")
            tree = self._environment.parse(source)
        except TemplateSyntaxError as fault:
            raise TemplateFault(f"{path}:{fault.lineno}: {fault.message}") from None
        except (OSError, UnicodeDecodeError) as fault:
            raise TemplateFault(f"{path}: {fault}") from None
        for line, what in _refusals(tree):
            raise TemplateFault(f"{path}:{line}: {what}")
        if len(source) > LARGEST:
            raise TemplateFault(f"{path}:1: the text is longer than {LARGEST} characters")
        title, _, body = source.strip().partition("\n\n")
        if not title.strip() or not body.strip():
            raise TemplateFault(f"{path}:1: the first line is the title, then an empty line, then the text")
        return self._environment.from_string(source)


def _refusals(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _PLAIN):
            yield node.lineno, f"only words and {', '.join(VARIABLES)} are possible here"
        elif isinstance(node, nodes.Name) and node.name not in VARIABLES:
            yield node.lineno, f"there is no {node.name}: use {', '.join(VARIABLES)}"
