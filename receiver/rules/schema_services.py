"""The shape of services.yaml: the catalogue of systems."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from receiver.rules.fields import Duration, Name, Names, Strict, wrong

Remedy = Literal["horizontal", "vertical", "grow", "consumers", "find-slow-query-first", "faster-disk", "find-leak-first", "find-cause-first"]
Expression = Annotated[str, Field(min_length=1, max_length=2000)]


class CapacityEntry(Strict):
    """How full a resource is and where it ends, in PromQL; what is left out is read from the alert's own rule."""

    value: Expression | None = None
    limit: float | Expression | None = None
    unit: Annotated[str, Field(max_length=20)] = ""
    arriving: Expression | None = None
    done: Expression | None = None
    workers: Expression | None = None

    @model_validator(mode="after")
    def _whole(self) -> "CapacityEntry":
        flow = {"arriving": self.arriving, "done": self.done, "workers": self.workers}
        missing = [name for name, said in flow.items() if said is None]
        if 0 < len(missing) < len(flow):
            raise wrong(f"{missing[0]} is missing", "name what is arriving, what is done and how many workers do it, all three or none")
        return self


class ServiceEntry(Strict):
    """A system of the installation."""

    name: Names
    kind: Literal["frontend", "service", "database", "queue", "host", "external"]
    method: list[Literal["red", "golden", "use"]] = Field(default_factory=list)
    team: str | None = None
    criticality: Literal["low", "normal", "high"] = "normal"
    depends_on: list[str] = Field(default_factory=list)
    component: str | None = None
    remedies: dict[str, Remedy] = Field(default_factory=dict)
    capacity: dict[str, CapacityEntry] = Field(default_factory=dict)
    links: dict[str, str] = Field(default_factory=dict)


class ServiceDefaults(Strict):
    """What every service has unless it says otherwise."""

    links: dict[str, str] = Field(default_factory=dict)


class CorrelateEntry(Strict):
    """When a broken system explains those above it: how near in time they break, and how long they may take to recover after it."""

    within: Duration = timedelta(minutes=5)
    settle: Duration = timedelta(minutes=2)


class ServicesFile(Strict):
    """services.yaml."""

    version: Literal[1]
    services: dict[Name, ServiceEntry]
    defaults: ServiceDefaults = ServiceDefaults()
    correlate: CorrelateEntry | Literal[False] = CorrelateEntry()
