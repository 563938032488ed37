"""The texts customers get, from `message_templates/notices/KEY.LANGUAGE.txt.j2`: first line the title, the rest the body. Called by `app`.

`KEY.many.LANGUAGE.txt.j2` is said where several components are meant: "is not available" and "are not" are different words in every language.

A template may hold words and the five variables of `core.notice_text`, nothing else: no condition, no filter, no attribute. They are text,
not markup; every surface escapes for itself. No label or annotation is ever in scope.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from receiver.channels.template_fault import TemplateFault
from receiver.channels.words import clock
from receiver.core.notice import PublicText
from receiver.core.notice_rules import NoticeRules
from receiver.core.notice_text import KEYS, VARIABLES, Saying

SUFFIX = ".txt.j2"
LARGEST = 4_000
_MANY = "many."
_PLAIN = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name)


class NoticeTexts:
    """All texts, looked through and compiled once; raises TemplateFault for one that is wrong. A language without files has English words."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "notices"
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
        names = [component.name(language) for component in saying.components] or [rules.page.names.get(language, "")]
        forms = [f"{many}{spoken}" for spoken in (language, "en") for many in (_MANY, "") if len(names) > 1 or not many]
        template = next(self._texts[key, form] for form in forms if (key, form) in self._texts)
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
        for line, what in _faults(path):
            raise TemplateFault(f"{path}:{line}: {what}")
        return _compile(path.read_text("utf-8"))


def make_environment() -> ImmutableSandboxedEnvironment:
    """Nothing but words and variables: no filter, no test, no global."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    for table in (environment.filters, environment.tests, environment.globals):
        table.clear()
    return environment


def find_faults(directory: Path) -> Iterator[tuple[str, int, str]]:
    """File, line and what is wrong, for every text of a directory of templates; one without texts has none."""
    folder = directory / "notices"
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        yield from ((path.name, line, what) for line, what in _faults(path))
    if folder.is_dir():
        missing = [f"{key}.en{SUFFIX}" for key in KEYS if not (folder / f"{key}.en{SUFFIX}").exists()]
        yield from ((name, 1, "the file is missing: every text has one in English at least") for name in missing)


@lru_cache(maxsize=256)  # whatever else changes, these texts are mostly the same at the next reload
def _compile(source: str) -> Template:
    return make_environment().from_string(source)


def _faults(path: Path) -> tuple[tuple[int, str], ...]:
    try:
        return _judge(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        return ((1, f"cannot be read ({fault})"),)


@lru_cache(maxsize=256)
def _judge(source: str) -> tuple[tuple[int, str], ...]:
    return tuple(_faults_of(source))


def _faults_of(source: str) -> Iterator[tuple[int, str]]:
    try:
        tree = make_environment().parse(source)
    except TemplateSyntaxError as fault:
        yield fault.lineno, fault.message or "this is not a template"
        return
    yield from _refusals(tree)
    if len(source) > LARGEST:
        yield 1, f"the text is longer than {LARGEST} characters"
    title, _, body = source.strip().partition("\n\n")
    if not title.strip() or not body.strip():
        yield 1, "the first line is the title, then an empty line, then the text"


def _refusals(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _PLAIN):
            yield node.lineno, f"only words and {', '.join(VARIABLES)} are possible here"
        elif isinstance(node, nodes.Name) and node.name not in VARIABLES:
            yield node.lineno, f"there is no {node.name}: use {', '.join(VARIABLES)}"
