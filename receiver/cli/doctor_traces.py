"""What `receiver doctor` says of the product's own traces: the standard settings, and whether the collector takes spans. Called by `doctor`."""

import asyncio
from collections.abc import Mapping

from receiver.telemetry.intent import Intent, intent


async def check(environ: Mapping[str, str]) -> list[tuple[bool, str]]:
    """Whether it is all right, and a sentence; asks the collector with an empty batch."""
    wanted = intent(environ)
    if wanted.off:
        return [(True, f"off: {wanted.off}")]
    if wanted.faults:
        return [(False, fault) for fault in wanted.faults]
    return [await asyncio.to_thread(_ask, wanted)]


def _ask(wanted: Intent) -> tuple[bool, str]:
    from receiver.telemetry.otel import probe, start

    said = f"as {wanted.service}, sampler {wanted.sampler}"
    try:
        start(wanted.service).close(1.0)
        fault = probe()
    except (ValueError, OSError) as wrong:
        return False, f"{wrong}: check the OTEL_… settings"
    return (False, f"the collector takes nothing ({fault}): check OTEL_EXPORTER_OTLP_ENDPOINT, which is its HTTP port") if fault else (True, f"sent {said}")
