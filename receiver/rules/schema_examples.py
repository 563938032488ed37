"""The shape of examples/*.yaml: cases the rules must handle, run by `receiver rules test`."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from receiver.rules.fields import Duration, Instant, Language, Strict, wrong
from receiver.rules.schema import Impact

ACTIONS = ("fire", "resolve", "acknowledge", "press", "advance")
Labels = Annotated[dict[str, str], Field(min_length=1)]
TextFile = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.txt$")]


class ExamplePress(Strict):
    """Somebody presses a button of the first incident that is not over."""

    button: Literal["acknowledge", "resolve"]
    by: str


class ExampleStep(Strict):
    """One thing that happens, `after` a while.

    `fire` repeats an alert that fires already. `resolve` ends every firing alert that carries these labels. `acknowledge` is short for
    a press; `advance` lets time pass, and as the last step ends the example at that very instant.
    """

    after: Duration | None = None
    fire: Labels | None = None
    resolve: Labels | None = None
    annotations: dict[str, str] = Field(default_factory=dict)
    source: str = "alertmanager"
    acknowledge: str | None = None
    press: ExamplePress | None = None
    advance: Duration | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> "ExampleStep":
        done = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(done) > 1:
            raise wrong(f"this step does {' and '.join(done)}", "write each as a step of its own")
        if not done and self.after is None:
            raise wrong("nothing happens in this step", f"write one of {', '.join(ACTIONS)}")
        return self


class ExpectedText(Strict):
    """The message a destination has at the end, kept in a file beside the example."""

    destination: str
    language: Language = ""
    kind: Literal["incident", "worse", "reopened", "ended", "flapping"] = "incident"
    file: TextFile


class ExpectedCustomers(Strict):
    """What customers would be told."""

    component: str
    impact: Impact


class ExpectedIncident(Strict):
    """What must become of one incident; what is not written is not looked at. `destinations` are those that were told."""

    service: str | None = None
    route: str | None = None
    severity: Literal["critical", "warning", "info"] | None = None
    state: Literal["triggered", "acknowledged", "snoozed", "resolved"] | None = None
    firing: Annotated[int, Field(ge=0)] | None = None
    alerts: Annotated[int, Field(ge=0)] | None = None
    reasons: list[str] | None = None
    destinations: list[str] | None = None


class Expectation(ExpectedIncident):
    """What must come of an example. What an incident can be expected to be is said of the first one here, of all in `each`.

    `messages` counts new messages for each destination that is named, or all where `nothing` says that nobody hears of it.
    """

    incidents: Annotated[int, Field(ge=0)] | None = None
    each: list[ExpectedIncident] | None = None
    nothing: Literal[True] | None = None
    messages: dict[str, Annotated[int, Field(ge=0)]] | None = None
    paged: list[str] | None = None
    cause: str | None = None
    customers: ExpectedCustomers | None = None
    text: ExpectedText | None = None
    texts: list[ExpectedText] = Field(default_factory=list)


class Example(Strict):
    """A case the rules must handle."""

    name: Annotated[str, Field(min_length=1)]
    at: Instant | None = None
    steps: Annotated[list[ExampleStep], Field(min_length=1)]
    expect: Expectation


class ExamplesFile(Strict):
    """examples/*.yaml."""

    version: Literal[1]
    at: Instant | None = None
    examples: list[Example]
