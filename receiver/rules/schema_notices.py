"""The shape of notices.yaml: what customers may be told, where, and who must agree."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from receiver.rules.drawing import Drawing
from receiver.rules.fields import Chat, Duration, Language, Name, Names, SecretName, Strict, WebAddress, Zone
from receiver.rules.schema import Impact, Role

PhaseWord = Literal["investigating", "identified", "monitoring", "resolved", "scheduled", "in_progress", "verifying", "completed"]
TextKind = Literal["template-unedited", "holding", "phrase", "edited"]


class PublicPage(Strict):
    """The page customers read. `translation` says what happens while a language is missing or older than another; `logo` is SVG, drawn beside the name."""

    name: Names
    timezone: Zone
    languages: Annotated[list[Language], Field(min_length=1)]
    contact: WebAddress | None = None
    logo: Drawing | None = None
    translation: Literal["require_all", "publish_ready_and_mark", "primary_only"] = "require_all"


class Component(Strict):
    """What customers see break."""

    name: Names
    description: Names | None = None
    group: str | None = None
    order: int = 0
    only_show_if_degraded: bool = False


class Group(Strict):
    """Components shown together."""

    name: Names


class Card(Strict):
    """Where drafts are offered, who is called when nobody decides, and when a holding notice publishes itself (left out: never)."""

    destination: str
    lead: str | None = None
    holding_after: Duration | None = None


class NoticeChannel(Strict):
    """Where notices are published besides the page; `telegram-private`, `webhooks` and `email` go to whoever subscribed. `page` and `components` are a Statuspage's own ids; `notify` lets it mail its subscribers. A webhook calls only addresses of the open internet, unless `allow_private`."""

    channel: Literal["telegram", "telegram-private", "email", "webhook", "webhooks", "statuspage"]
    chat: Chat | None = None
    url: WebAddress | None = None
    page: str | None = None
    components: dict[Name, str] = Field(default_factory=dict)
    notify: bool = False
    allow_private: bool = False
    secret: SecretName | None = None
    language: Language = ""
    delay: Duration = timedelta(0)


class ApprovalWhen(Strict):
    """Which drafts a rule is about; empty means every draft."""

    text: TextKind | None = None
    impact: list[Impact] = Field(default_factory=list)
    component: list[str] = Field(default_factory=list)
    phase: list[PhaseWord] = Field(default_factory=list)


class Approval(Strict):
    """How many people must agree, and of which role one of them must be."""

    when: ApprovalWhen
    needed: Annotated[int, Field(ge=0, le=5)]
    role: Role | None = None


class Reminders(Strict):
    """When support is reminded of a promised update."""

    before: Duration = timedelta(minutes=5)
    late: Duration = timedelta(minutes=10)


class Lint(Strict):
    """Words public texts may use though they look internal, words they must not, words that need a comms lead, addresses they may link."""

    allow: list[str] = Field(default_factory=list)
    vendors: list[str] = Field(default_factory=list)
    sensitive: list[str] = Field(default_factory=list)
    links: list[WebAddress] = Field(default_factory=list)


class NoticesFile(Strict):
    """notices.yaml."""

    version: Literal[1]
    page: PublicPage
    components: dict[Name, Component]
    groups: dict[Name, Group] = Field(default_factory=dict)
    card: Card | None = None
    publish: list[str] = Field(default_factory=list)
    channels: dict[Name, NoticeChannel] = Field(default_factory=dict)
    approval: list[Approval] = Field(default_factory=list)
    reminders: Reminders = Reminders()
    quiet: dict[Impact, Duration] = Field(default_factory=dict)
    undo: Duration = timedelta(seconds=20)
    most_updates_an_hour: Annotated[int, Field(ge=1, le=100)] = 12
    most_messages_an_hour: Annotated[int, Field(ge=1, le=10_000_000)] = 50_000
    lint: Lint = Lint()
