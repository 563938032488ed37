"""The shape of the files routing needs: services, sources, people, destinations and routes."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from receiver.rules.fields import (
    Chat,
    ClockTime,
    Duration,
    GroupBy,
    Language,
    Mailbox,
    MatcherText,
    Name,
    SecretName,
    Strict,
    Topic,
    WebAddress,
    Zone,
    wrong,
)

SeverityWord = Literal["critical", "warning", "info"]
Impact = Literal["operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"]
Role = Literal["viewer", "responder", "support", "comms_lead", "admin"]


class PageBy(Strict):
    """One step of reaching a person."""

    channel: Name
    after: Duration = timedelta(0)


class OwnWay(Strict):
    """A person's own address at a service."""

    secret: SecretName


class PersonEntry(Strict):
    """Somebody who may be told or may press."""

    name: Annotated[str, Field(min_length=1)]
    roles: list[Role] = Field(default_factory=list)
    telegram: Annotated[int, Field(gt=0)] | None = None
    email: Mailbox | None = None
    phone: str | None = None
    language: Language = ""
    timezone: Zone = ""
    page_by: list[PageBy] = Field(default_factory=list)
    channels: dict[Name, OwnWay] = Field(default_factory=dict)


class PeopleFile(Strict):
    """people.yaml."""

    version: Literal[1]
    people: dict[Name, PersonEntry]
    teams: dict[Name, list[str]] = Field(default_factory=dict)


class _Place(Strict):
    """`quiet_hours` names a window of routes.yaml; it is read by the clocks of the place's own `timezone` where it has one."""

    language: Language = ""
    timezone: Zone = ""
    quiet_hours: Name | None = None


class TelegramPlace(_Place):
    """A Telegram chat."""

    channel: Literal["telegram"]
    chat: Chat
    topic: Topic = "none"


class PolicyPlace(_Place):
    """An escalation policy used as a destination."""

    policy: str


class EmailPlace(_Place):
    """Mailboxes that get one letter."""

    channel: Literal["email"]
    to: Annotated[list[Mailbox], Field(min_length=1)]


class WebhookPlace(_Place):
    """A web hook; the secret signs the body. Only addresses of the open internet are called, unless `allow_private`."""

    channel: Literal["webhook"]
    url: WebAddress
    secret: SecretName | None = None
    allow_private: bool = False


class SecretPlace(_Place):
    """A channel whose address is a secret."""

    channel: Literal["pagerduty", "longtail", "sms"]
    secret: SecretName


PLACES = {
    "telegram": "<telegram>",
    "email": "<email>",
    "webhook": "<webhook>",
    "pagerduty": "<secret>",
    "longtail": "<secret>",
    "sms": "<secret>",
}


def place_kind(value: Any) -> str | None:
    """Tell from a destination's keys which shape it must have; none when its channel is unknown."""
    if isinstance(value, dict) and "policy" in value and "channel" not in value:
        return "<policy>"
    channel = value.get("channel") if isinstance(value, dict) else getattr(value, "channel", None)
    return PLACES.get(channel) if isinstance(channel, str) else None


Place = Annotated[
    Annotated[TelegramPlace, Tag("<telegram>")]
    | Annotated[PolicyPlace, Tag("<policy>")]
    | Annotated[EmailPlace, Tag("<email>")]
    | Annotated[WebhookPlace, Tag("<webhook>")]
    | Annotated[SecretPlace, Tag("<secret>")],
    Discriminator(place_kind),
]


class DigestEntry(Strict):
    """Once a week this chat is told how the work with incidents goes; without `timezone` by the destination's clocks."""

    destination: str
    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    time: ClockTime = "10:00"
    timezone: Zone = ""

    @model_validator(mode="after")
    def _has_a_time(self) -> "DigestEntry":
        if self.time == "24:00":
            raise wrong("no digest is at 24:00", 'write "00:00" of the next day')
        return self


class DestinationsFile(Strict):
    """destinations.yaml."""

    version: Literal[1]
    destinations: dict[Name, Place]
    fallback: Annotated[list[str], Field(min_length=1)]
    digest: DigestEntry | None = None


class CustomersEntry(Strict):
    """What customers are told when the route is taken: of the component the catalogue names for the service (`from-catalogue`), of one by name, or in
    one notice of every component that an incident inside this one is about (`affected`).
    """

    component: str = "from-catalogue"
    impact: Impact
    text: str
    hold: Duration = timedelta(0)


class CollectEntry(Strict):
    """Once a day, or on these days, instead of one message for each incident; without `timezone` by the clocks of each destination."""

    at: ClockTime
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(default_factory=list)
    timezone: Zone = ""

    @model_validator(mode="after")
    def _has_a_time(self) -> "CollectEntry":
        if self.at == "24:00":
            raise wrong("nothing is told at 24:00", 'write "00:00" of the next day')
        return self


class RouteEntry(Strict):
    """One node of the tree; what it leaves out it inherits, except for `matchers`, `active` and `continue`.

    With `active` it takes alerts only while one of these windows is active; at other times its siblings and its parent have them.
    An alert that fires already stays in its incident. `quiet`: messages make no sound and are never a page, unless a route
    reached by `continue` is not quiet. `collect`: its incidents are listed in one message at that time; what becomes a page, gets worse, or
    is critical is told at once, and so is what a route reached by `continue` does not collect.
    """

    id: Name
    matchers: list[MatcherText] = Field(default_factory=list)
    group_by: GroupBy | None = None
    group_wait: Duration | None = None
    reopen_within: Duration | None = None
    destinations: Annotated[list[str], Field(min_length=1)] | None = None
    active: list[str] = Field(default_factory=list)
    quiet: bool | None = None
    collect: CollectEntry | None = None
    customers: CustomersEntry | None = None
    goes_on: Annotated[bool, Field(alias="continue")] = False
    routes: list["RouteEntry"] = Field(default_factory=list)


def check_span(start: str, end: str) -> None:
    """Refuse what could mean nothing or a whole day."""
    if start == end:
        raise wrong(f"from and to are both {start}", 'write from: "00:00", to: "24:00" for the whole day')
    if start == "24:00":
        raise wrong("no day starts at 24:00", 'write from: "00:00" and the next day')


class Span(Strict):
    """From one clock time to another; past midnight when `to` is earlier. `days` are those it starts on, every day when left out."""

    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(default_factory=list)
    start: Annotated[ClockTime, Field(alias="from")]
    end: Annotated[ClockTime, Field(alias="to")]

    @model_validator(mode="after")
    def _lasts(self) -> "Span":
        check_span(self.start, self.end)
        return self


class Window(Strict):
    """Named times of the week."""

    timezone: Zone
    times: Annotated[list[Span], Field(min_length=1)]


class Flapping(Strict):
    """When an incident is held because it comes and goes."""

    changes: Annotated[int, Field(gt=1, le=100)] = 4
    within: Duration = timedelta(minutes=30)
    hold: Duration = timedelta(minutes=10)


class Storm(Strict):
    """When many incidents are told as one."""

    incidents: Annotated[int, Field(gt=1)] = 10
    within: Duration = timedelta(minutes=2)


class Overflow(Strict):
    """How many incidents one source may open within that time; its further alerts share one."""

    incidents: Annotated[int, Field(gt=1)] = 10_000
    within: Duration = timedelta(minutes=10)


class NoiseEntry(Strict):
    """Limits that keep the chat readable."""

    flapping: Flapping = Flapping()
    storm: Storm = Storm()
    overflow: Overflow = Overflow()


class RoutesFile(Strict):
    """routes.yaml."""

    version: Literal[1]
    route: RouteEntry
    windows: dict[Name, Window] = Field(default_factory=dict)
    noise: NoiseEntry = NoiseEntry()
