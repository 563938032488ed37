"""sources.yaml becomes the senders of alerts that the rule book knows. Called by `rules.build`."""

from collections.abc import Mapping

from receiver.core.alert import Severity
from receiver.core.bodypath import read_path
from receiver.core.matcher import parse_matcher
from receiver.core.source import BodyMapping, Signature, Source, Watchdog
from receiver.rules import schema


def build_sources(file: schema.SourcesFile) -> dict[str, Source]:
    """Every source by its name, with what it does not say taken from the common table."""
    return {name: _source(name, entry, file.severity) for name, entry in file.sources.items()}


def words(table: Mapping[str, str]) -> dict[str, Severity]:
    """A table of senders' words, in lower case."""
    return {word.lower(): Severity(severity) for word, severity in table.items()}


def _source(name: str, entry: schema.SourceEntry, common: schema.CommonSeverity) -> Source:
    signature = entry.auth.signature if entry.auth else None
    return Source(
        name=name,
        kind=entry.kind,
        ignore_labels=frozenset(entry.ignore_labels),
        auth_secret=(entry.auth.secret or "") if entry.auth else "",
        severity_label=entry.severity.label or common.label,
        severity_map=words({**common.map, **entry.severity.map}),
        signature=_signature(signature) if signature else None,
        mapping=_mapping(entry.mapping) if entry.mapping else None,
        watchdog=_watchdog(entry.watchdog) if entry.watchdog else None,
        peers=tuple(peer.rstrip("/") for peer in entry.peers),
    )


def _signature(entry: schema.SourceSignature) -> Signature:
    return Signature(secret=entry.secret, header=entry.header.lower(), timestamp_header=(entry.timestamp_header or "").lower(), tolerance=entry.tolerance)


def _watchdog(entry: schema.Watchdog) -> Watchdog:
    return Watchdog(matchers=tuple(parse_matcher(text) for text in entry.matchers), interval=entry.interval, is_required=entry.required)


def _mapping(entry: schema.Mapping) -> BodyMapping:
    return BodyMapping(
        alerts=read_path(entry.alerts),
        status=read_path(entry.status.path),
        firing=frozenset(word.lower() for word in entry.status.firing),
        resolved=frozenset(word.lower() for word in entry.status.resolved),
        labels={name: read_path(text) for name, text in entry.labels.items()},
        annotations={name: read_path(text) for name, text in entry.annotations.items()},
        starts_at=read_path(entry.starts_at) if entry.starts_at else None,
        ends_at=read_path(entry.ends_at) if entry.ends_at else None,
    )
