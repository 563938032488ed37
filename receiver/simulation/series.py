"""Series of one scraped target, and their text. Filled by `plant`, served by `server`."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector


class Page(Collector):
    """What one target shows: values by name and labels."""

    def __init__(self) -> None:
        """Empty."""
        self._values: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
        self._growing: set[str] = set()
        self._text = b""
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count(self, name: str, amount: float, /, **labels: str) -> None:
        """Let a counter grow."""
        self._text = b""
        self._growing.add(name)
        series = self._values.setdefault(name, {})
        key = tuple(sorted(labels.items()))
        series[key] = series.get(key, 0.0) + amount

    def show(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self._text = b""
        self._values.setdefault(name, {})[tuple(sorted(labels.items()))] = value

    def collect(self) -> Iterator[Metric]:
        """One family per name with its type; the three parts of a histogram are one, and counters that lack `_total` stay without a type."""
        families: dict[str, Metric] = {}
        for name, series in self._values.items():
            family, kind = self._family(name)
            metric = families.setdefault(family, Metric(family, family, kind))
            for labels, value in series.items():
                metric.add_sample(name, dict(labels), value)
        yield from families.values()

    def _family(self, name: str) -> tuple[str, str]:
        base, _, end = name.rpartition("_")
        if end in ("bucket", "count", "sum") and f"{base}_bucket" in self._values:
            return base, "histogram"
        if end == "total":
            return base, "counter"
        return name, "unknown" if name in self._growing else "gauge"

    def text(self) -> bytes:
        """The exposition format, version 0.0.4; made once however often it is scraped between two changes."""
        self._text = self._text or generate_latest(self._registry)
        return self._text
