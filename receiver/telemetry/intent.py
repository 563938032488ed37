"""OpenTelemetry's standard settings, as far as they say whether and where traces of this service go. Used by `cli.serve` and `cli.doctor_traces`."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from receiver.telemetry import traces
from receiver.telemetry.logs import get_logger, hide

SERVICE = "incident-receiver"
SAMPLERS = ("always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What the standard settings ask for: an endpoint, or the reason why nothing is sent. `faults` are settings we can't do as told."""

    endpoint: str = ""
    off: str = ""
    service: str = SERVICE
    sampler: str = "parentbased_always_on"
    faults: tuple[str, ...] = ()


def intent(environ: Mapping[str, str]) -> Intent:
    """Read OpenTelemetry's settings: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/."""
    told = {name: value.strip() for name, value in environ.items() if name.startswith("OTEL_") and value.strip()}
    endpoint = next((told[name] for name in _ENDPOINTS if name in told), "")
    if told.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return Intent(off="OTEL_SDK_DISABLED is true")
    if told.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return Intent(off="OTEL_TRACES_EXPORTER is none")
    if not endpoint:
        return Intent(off="no OTEL_EXPORTER_OTLP_ENDPOINT")
    faults = []
    if (exporter := told.get("OTEL_TRACES_EXPORTER", "otlp")) != "otlp":
        faults.append(f"OTEL_TRACES_EXPORTER={exporter} is not known here: use otlp or none")
    protocol = next((told[name] for name in _PROTOCOLS if name in told), "http/protobuf")
    if protocol != "http/protobuf":
        faults.append(f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol} is not known here: use http/protobuf (a collector's port 4318)")
    sampler = told.get("OTEL_TRACES_SAMPLER", "parentbased_always_on")
    if sampler not in SAMPLERS:
        faults.append(f"OTEL_TRACES_SAMPLER={sampler} is not known here: use one of {', '.join(SAMPLERS)}")
    named = dict(pair.partition("=")[::2] for pair in told.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","))
    service = told.get("OTEL_SERVICE_NAME") or named.get("service.name", "").strip() or SERVICE
    return Intent(endpoint=endpoint, service=service, sampler=sampler, faults=tuple(faults))


def configure(environ: Mapping[str, str]) -> None:
    """Begin to trace if the settings ask for it; a setting that can't be followed leaves it off, for it must stop nobody from serving."""
    wanted = intent(environ)
    for secret in _secrets(environ):
        hide(secret)
    if wanted.off:
        return
    if wanted.faults:
        log.warning("no traces are sent", faults=list(wanted.faults))
        return
    from receiver.telemetry.otel import start

    try:
        traces.use(start(wanted.service))
    except (ValueError, OSError) as fault:  # a number or a file that the SDK can't use
        log.warning("no traces are sent", faults=[str(fault)])
        return
    log.info("traces are sent", sampler=wanted.sampler)


def _secrets(environ: Mapping[str, str]) -> list[str]:
    """What the settings give the collector alone: header values, and a user and password in its address."""
    headers = [pair.partition("=")[2].strip() for name in _HEADERS for pair in environ.get(name, "").split(",")]
    addresses = [urlsplit(environ.get(name, "")).netloc.rpartition("@")[0] for name in _ENDPOINTS]
    return [*headers, *map(unquote, headers), *addresses]
