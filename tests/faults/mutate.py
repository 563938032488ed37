"""Endless damaged copies of recorded bodies, from a seed."""

import random
from collections.abc import Iterator
from pathlib import Path

SEEDS = [p.read_bytes().strip() for p in sorted((Path(__file__).parent.parent / "fixtures").glob("*/*.json")) if p.stat().st_size < 4000]
PIECES = (
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"1e9",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xed\xa0\x80",
    b"-",
    b"0001-01-01T00:00:00Z",
    b"firing",
    b"{" * 40,
)


def mutations(seed: int, count: int) -> Iterator[bytes]:
    """`count` bodies, each with one to four kinds of damage."""
    chance = random.Random(seed)
    for _ in range(count):
        body = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 4)):
            _damage(body, chance)
        yield bytes(body)


def _damage(body: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(body) + 1)
    match chance.randrange(6):
        case 0 if at < len(body):
            body[at] ^= 1 << chance.randrange(8)
        case 1:
            del body[at:]
        case 2:
            del body[at : at + chance.randint(1, 40)]
        case 3:
            body[at:at] = chance.choice(PIECES)
        case 4:
            body[at:at] = body[at : at + chance.randint(1, 200)]
        case _:
            other = chance.choice(SEEDS)
            start = chance.randrange(len(other))
            body[at : at + 20] = other[start : start + chance.randint(1, 60)]
