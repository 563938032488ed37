"""Damaged copies of the shipped rules, from a seed: `python -m tests.rules.mutate --count N --seed S` loads N of them and prints what came of it."""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from receiver.rules.faults import Fault
from receiver.rules.load import RulesError, load_rules
from tests.rules.overlay import BASE

SHIPPED = Path(__file__).parents[2] / "routing_rules"
LONGEST = 3.0  # seconds of processor time; a load takes a few hundredths, tests share the machine
PIECES = (b'"', b"'", b"{", b"}", b"[", b"]", b": ", b"- ", b"\t", b"\n", b"\r", b"&a ", b"*a", b"!!int ", b"<<: ", b"\x00", b"\xff", b"\xef\xbb\xbf")
PIECES += (b"\xe2\x80\xa8", b"\xc2\x85", b"---\n", b"%YAML 1.1\n", b"? ", b"| ", b"22:30", b"no", b"[" * 60, b"{a: " * 60, b"#", b'=~"(?=x)"', b"9" * 30)
VALUES: tuple[Any, ...] = (None, True, 0, -1, 1.5, 10**30, "", "no", "22:30", "x" * 2000, "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"))
VALUES += ("$.x", "(?=a)", 'a=~"("', [], {}, [[]], [None], {"": None}, {"a": {"b": {}}}, ["devops", "devops"], {"version": 1}, 'severity="critical"')


def files(source: Path) -> dict[str, bytes]:
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in sorted(source.rglob("*.yaml"))}


def mutations(seed: int, count: int) -> Iterator[dict[str, bytes]]:
    """`count` rule sets, each with one to four kinds of damage in one or two files; half of them start from the full sample of every file."""
    chance = random.Random(seed)
    sources = (files(SHIPPED), files(BASE))
    for _ in range(count):
        made = dict(chance.choice(sources))
        for _ in range(chance.randint(1, 2)):
            name = chance.choice(sorted(made))
            damage = chance.choice((_bytes, _tree, _tree, _file))
            damage(made, name, chance)
        yield made


def _file(made: dict[str, bytes], name: str, chance: random.Random) -> None:
    body = made.pop(name)
    if chance.random() < 0.5:
        made[chance.choice((name.replace(".yaml", ".yml"), f"x/{name}", f"examples/{Path(name).name}", "routes.yaml"))] = body


def _bytes(made: dict[str, bytes], name: str, chance: random.Random) -> None:
    body = bytearray(made[name])
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(body) + 1)
        match chance.randrange(5):
            case 0 if at < len(body):
                body[at] ^= 1 << chance.randrange(8)
            case 1:
                del body[at:]
            case 2:
                del body[at : at + chance.randint(1, 30)]
            case 3:
                body[at:at] = body[at : at + chance.randint(1, 200)]
            case _:
                body[at:at] = chance.choice(PIECES)
    made[name] = bytes(body)


def _tree(made: dict[str, bytes], name: str, chance: random.Random) -> None:
    """Exchange, drop, rename or repeat something in the values; what is left is always YAML."""
    try:
        tree = yaml.safe_load(made[name])
    except (yaml.YAMLError, ValueError):
        return
    for _ in range(chance.randint(1, 3)):
        places = list(_places(tree))
        if not places:
            break
        held, key = chance.choice(places)
        match chance.randrange(5):
            case 0:
                held[key] = chance.choice(VALUES)
            case 1:
                del held[key]
            case 2 if isinstance(held, dict):
                held[f"{key}{chance.choice('sx-')}"] = held.pop(key)
            case 3 if isinstance(held, list):
                held.append(held[key])
            case _:
                other, at = chance.choice(places)
                held[key] = yaml.safe_load(yaml.safe_dump(other[at])) if at in other or (isinstance(other, list) and at < len(other)) else None
    made[name] = yaml.safe_dump(tree, allow_unicode=True, default_flow_style=chance.choice((None, True, False))).encode()


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield tree, key
        yield from _places(tree[key])


def examine(made: dict[str, bytes], directory: Path) -> str:
    """Load one damaged rule set; says `loaded` or `refused`, raises when a fault has no place or anything else goes wrong."""
    for name, body in made.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    faults: tuple[Fault, ...] = ()
    began = time.process_time()
    try:
        load_rules(directory)
    except RulesError as error:
        faults = error.faults
    assert time.process_time() - began < LONGEST
    for fault in faults:
        assert fault.message
        assert ", " in str(fault), "what is wrong, what to do"
        assert fault.render()
        _check_place(made.get(fault.file), fault.line, fault.column)
    return "refused" if faults else "loaded"


def _check_place(body: bytes | None, line: int, column: int) -> None:
    """A place is within its file: on one of its lines, at most one past its last character."""
    if body is None:
        assert (line, column) == (1, 1), "a missing file has one place"
        return
    text = body.decode("utf-8-sig", "replace")
    for separator in ("\r\n", "\r", "\x85", "\u2028", "\u2029"):
        text = text.replace(separator, "\n")
    lines = text.split("\n")
    assert 1 <= line <= len(lines), f"line {line} of {len(lines)}"
    assert 1 <= column <= len(lines[line - 1]) + 1, f"column {column} of {len(lines[line - 1])}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    began = time.perf_counter()
    for number, made in enumerate(mutations(args.seed, args.count)):
        with tempfile.TemporaryDirectory() as directory:
            try:
                counts[examine(made, Path(directory))] += 1
            except Exception:
                print(f"seed {args.seed}, set {number}: {made}", file=sys.stderr)
                raise
    print(f"seed {args.seed}: {dict(counts)} in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
