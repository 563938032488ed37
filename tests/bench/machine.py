"""What processes cost, from /proc: CPU time and memory of whole trees."""

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def _family(roots: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := _stat(int(entry.name))):
            children.setdefault(int(found[1]), []).append(int(entry.name))
    family, todo = [], list(roots)
    while todo:
        family.append(todo.pop())
        todo += children.get(family[-1], [])
    return family


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(roots: list[int]) -> float:
    """User and system time of these processes and all below them, ended children included."""
    return sum(sum(int(n) for n in found[11:15]) for pid in _family(roots) if (found := _stat(pid))) / _TICK


def proportional_mib(roots: list[int]) -> float:
    """Memory of the trees, shared pages divided among those who share them (PSS)."""
    total = 0
    for pid in _family(roots):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024
