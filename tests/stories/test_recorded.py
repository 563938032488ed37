"""Bodies recorded from real Alertmanagers, replayed in order: incidents, states and reasons against a checked-in table per fixture."""

import json
import os
from pathlib import Path

import pytest

from tests.harness import story

FIXTURES = Path(__file__).parent.parent / "fixtures"
GOLDEN = Path(__file__).parent.parent / "golden" / "recorded"
SINGLES = sorted(p for p in FIXTURES.glob("*/*.json"))
SEQUENCES = sorted(FIXTURES.glob("*/*.jsonl"))
LIVES = [
    [FIXTURES / v / f"{n}.json" for n in ("firing", "firing-new-alert", "mixed-firing-resolved", "resolved")]
    for v in ("alertmanager-0.25", "alertmanager-0.28.1", "alertmanager-0.33.1")
]


def bodies(path: Path) -> list[tuple[float, dict]]:
    if path.suffix == ".jsonl":
        return [(line["at"], line["body"]) for line in map(json.loads, path.read_text().splitlines())]
    return [(0.0, json.loads(path.read_text()))]


async def replay(tmp_path: Path, steps: list[tuple[float, dict]], name: str) -> None:
    lines = []
    async with story(tmp_path) as s:
        at = 0.0
        for when, content in steps:
            await s.advance(seconds=max(0.0, when - at))
            at = when
            answer = await s.post(json.dumps(content).encode())
            lines.append(f"+{when:g}s {answer.status_code} {answer.text}")
        await s.advance(seconds=10)
        for incident in reversed(await s.incidents()):
            labels = dict(incident.route.group_labels) if incident.route else {}
            counts = f"{len(incident.firing)} firing of {len(incident.alerts)}, {incident.truncated} truncated"
            lines.append(f"{incident.id} {incident.state.value} {incident.severity.value} {counts} {labels}")
            history = [e for e in await s.app.incidents.timeline(incident.id) if e.state]  # what is only noted is no transition
            lines += [f"  {e.reason} -> {e.state}" for e in history]
        # Messages are not this table's matter; those that came were expected.
        s._seen.update(range(len(s.api.sends())))
    check(name, "\n".join(lines) + "\n")


def check(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("path", SINGLES + SEQUENCES, ids=lambda p: f"{p.parent.name}-{p.stem}")
async def test_each_recording(tmp_path, path):
    await replay(tmp_path, bodies(path), f"{path.parent.name}-{path.stem}")


@pytest.mark.parametrize("life", LIVES, ids=lambda paths: paths[0].parent.name)
async def test_each_life_from_firing_to_resolved(tmp_path, life):
    steps = [(n * 15.0, bodies(path)[0][1]) for n, path in enumerate(life)]
    await replay(tmp_path, steps, f"{life[0].parent.name}-life")
