"""What the product says about itself, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

registry = CollectorRegistry()
ProcessCollector(registry=registry)

_SPANS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 259200)
MOST_RULES = 500  # pairs of alert and route with a counter of their own; the rest share one
webhooks = Counter("receiver_webhooks", "Webhooks answered, by source and HTTP code.", ["source", "code"], registry=registry)
transitions = Counter("receiver_transitions", "Decisions, by named reason.", ["reason"], registry=registry)
acknowledged_seconds = Histogram(
    "receiver_time_to_acknowledge_seconds",
    "From an incident's beginning, or return, to its first acknowledgement.",
    ["severity"],
    registry=registry,
    buckets=_SPANS,
)
resolved_seconds = Histogram(
    "receiver_time_to_resolve_seconds", "From an incident's beginning, or return, to its end.", ["severity"], registry=registry, buckets=_SPANS
)
pages = Counter("receiver_pages", "Pages that were delivered, by person, or by destination where many read.", ["to"], registry=registry)
begun = Counter("receiver_incidents_begun", "Incidents that began or came back, by their worst alert and the route.", ["alertname", "route"], registry=registry)
returned = Counter(
    "receiver_incidents_returned",
    "Incidents that fired again after their end, or while it is held because they flap, by their worst alert and the route.",
    ["alertname", "route"],
    registry=registry,
)
recoveries_held = Counter("receiver_recoveries_held", "Recoveries not believed at once: signal lost, unconfirmed, or a body that was cut.", registry=registry)
overflowed = Counter("receiver_overflowed", "Alerts put into the overflow incident of their source.", ["source"], registry=registry)
deliveries = Counter("receiver_deliveries", "Delivery attempts, by channel and what the wire proved.", ["channel", "evidence"], registry=registry)
quarantined = Counter("receiver_quarantined", "Bad input kept, by source and reason.", ["source", "reason"], registry=registry)
resolved_unknown = Counter("receiver_resolved_unknown", "Resolved notices for alerts never seen firing.", registry=registry)
unknown_service = Counter("receiver_unknown_service", "Label sets with neither `service` nor `job`, when first seen.", ["source"], registry=registry)
unknown_severity = Counter("receiver_unknown_severity", "Label sets whose severity is missing or not mapped, when first seen.", ["source"], registry=registry)
calendar_failures = Counter("receiver_calendar_failures", "Times a schedule's calendar could not be read.", ["schedule"], registry=registry)
audit_repairs = Counter(
    "receiver_audit_repairs", "Wake-ups and messages of open incidents that were missing and put back: each is a bug.", ["what"], registry=registry
)
audited = Gauge("receiver_audited_incidents", "Incidents the last audit looked at.", registry=registry)
peer_up = Gauge("receiver_alertmanager_peer_up", "1 when the API of an Alertmanager peer answered the last question.", ["source", "peer"], registry=registry)
reconciled = Counter("receiver_reconciled", "Alerts that reconciliation ended or opened.", ["source", "what"], registry=registry)
suspects = Counter("receiver_suspects", "Firings no newer than a known end, by what became of them.", ["source", "outcome"], registry=registry)
heartbeat_held = Gauge("receiver_heartbeat_held", "1 while this condition holds the outward heartbeat back.", ["reason"], registry=registry)
heartbeat_pings = Counter("receiver_heartbeat_pings", "Outward heartbeats sent, by what became of them.", ["outcome"], registry=registry)
clocks_apart = Gauge("receiver_clocks_apart_seconds", "How far the clocks of this machine and of the store are from each other.", registry=registry)
spooled = Gauge("receiver_spooled", "Webhooks on this machine's disk that wait for the store.", registry=registry)
signal_lost = Gauge("receiver_signal_lost", "1 while the Watchdog of a source is missing.", ["source"], registry=registry)
incidents_open = Gauge("receiver_incidents_open", "Groups that hold an incident, those inside their reopen window included.", registry=registry)
outbox_depth = Gauge("receiver_outbox_depth", "Notifications that wait.", registry=registry)
dead_letters = Gauge("receiver_dead_letters", "Kept bad input and undelivered notifications.", registry=registry)
ingest_seconds = Histogram(
    "receiver_ingest_seconds",
    "Longest wait of a batch of webhooks until the store confirmed it.",
    registry=registry,
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
)
rules_info = Gauge("receiver_rules_info", "The rules in force; always 1.", ["version", "commit"], registry=registry)
rules_reload_successful = Gauge("receiver_rules_last_reload_successful", "1 when the newest rules are in force, 0 when they were refused.", registry=registry)
rules_reload_success_at = Gauge("receiver_rules_last_reload_success_timestamp_seconds", "When rules were last found good.", registry=registry)
rules_reloads = Counter("receiver_rules_reloads", "Attempts to load rules, by outcome.", ["outcome"], registry=registry)
rules_disagreement = Gauge("receiver_rules_disagreement", "Different rule versions among live replicas, less one.", registry=registry)


def exposition() -> bytes:
    """The text format."""
    return generate_latest(registry)
