"""At least 300 malformed bodies, each with a name; made, not stored, so that the list stays readable."""

import json
from collections.abc import Iterator
from pathlib import Path

FIXTURE = Path(__file__).parent.parent / "fixtures/alertmanager-0.33.1/firing.json"
GOOD = FIXTURE.read_bytes().strip()
Case = tuple[str, bytes, dict[str, str]]


def cases() -> Iterator[Case]:
    """(name, body, headers beyond the usual)."""
    yield from _encodings()
    yield from _cuts()
    yield from _depths()
    yield from _top_level()
    yield from _alert_level()
    yield from _values()
    yield from _headers()


def _encodings() -> Iterator[Case]:
    yield "empty", b"", {}
    yield "spaces", b" \n\t ", {}
    yield "bom", b"\xef\xbb\xbf" + GOOD, {}
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251", "koi8-r", "shift_jis"):
        yield name, GOOD.decode().encode(name, "replace"), {}
    for n, raw in enumerate((b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80", b"\xf4\x90\x80\x80", b"\xe2\x28\xa1")):
        yield f"bad-utf8-{n}", GOOD.replace(b"DemoHigh", b"Demo" + raw), {}
    for n, raw in enumerate((rb"\ud800", rb"\udfff", rb"\ud800\ud800", rb"\uZZZZ", rb"\x41", rb"\u12", rb"\u0000")):
        yield f"escape-{n}", GOOD.replace(b"DemoHigh", raw), {}
    for code in range(0x20):
        yield f"raw-control-{code:02x}", GOOD.replace(b"DemoHigh", b"Demo" + bytes([code])), {}


def _cuts() -> Iterator[Case]:
    for n in range(60):
        yield f"cut-{n:02d}", GOOD[: 1 + n * len(GOOD) // 61], {}
    for n in range(30):
        at = n * len(GOOD) // 30
        yield f"hole-{n:02d}", GOOD[:at] + GOOD[at + 7 :], {}
    yield "twice", GOOD + GOOD, {}
    yield "trailing", GOOD + b"x", {}


def _depths() -> Iterator[Case]:
    for depth in (33, 64, 100, 1_000, 10_000, 100_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            yield f"depth-{depth}-{opening[:1].decode()}", opening * depth + closing * depth, {}
            yield f"depth-{depth}-{opening[:1].decode()}-open", opening * depth, {}
            inside = GOOD.replace(b'"annotations":{', b'"annotations":{"x":' + opening * depth + b"1" + closing * depth + b",")
            yield f"depth-{depth}-{opening[:1].decode()}-inside", inside, {}


def _top_level() -> Iterator[Case]:
    for text in ("null", "true", "1", '"x"', "[]", "{}", "[{}]", "NaN", "Infinity", "-", "1e999", "'x'", "{'a':1}", "{a:1}", "//", "<xml/>", "a=b"):
        yield f"top-{text}", text.encode(), {}
    good = json.loads(GOOD)
    for key in good:
        yield f"without-{key}", _body({k: v for k, v in good.items() if k != key}), {}
        for value in (None, 0, -1, 1.5, True, "", "x" * 9000, [], {}, [None], {"a": {"b": 1}}):
            yield f"{key}-{type(value).__name__}-{str(value)[:6]}", _body({**good, key: value}), {}


def _alert_level() -> Iterator[Case]:
    good = json.loads(GOOD)
    alert = good["alerts"][0]
    for item in (None, 0, "x", [], [[]], {}, True):
        yield f"alert-{item!r}", _body({**good, "alerts": [item, alert]}), {}
    for key in alert:
        yield f"alert-without-{key}", _body({**good, "alerts": [{k: v for k, v in alert.items() if k != key}, alert]}), {}
        for value in (None, 0, 1.5, True, "", "nonsense", [], {}, {"a": 1}, {"a": None}, {"": ""}):
            yield f"alert-{key}-{type(value).__name__}-{str(value)[:8]}", _body({**good, "alerts": [{**alert, key: value}, alert]}), {}


def _values() -> Iterator[Case]:
    good = json.loads(GOOD)
    alert = good["alerts"][0]
    odd = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-02-30T00:00:00Z", "2026-11-23", "1732370000", "2026-11-23T25:00:00Z", "２０２６")
    for text in odd:
        yield f"starts-{text}", _body({**good, "alerts": [{**alert, "startsAt": text}]}), {}
    for name, text in (("nul", "\0"), ("bidi", "\u202e"), ("zero-width", "\u200b"), ("64k", "x" * 65536), ("html", "<a href='tg://x'>"), ("lines", "a\nb")):
        yield f"label-{name}", _body({**good, "alerts": [{**alert, "labels": {**alert["labels"], "pod": text}}]}), {}
    yield "big-int", GOOD.replace(b'"truncatedAlerts":0', b'"truncatedAlerts":' + b"9" * 5000), {}
    yield "many-labels", _body({**good, "alerts": [{**alert, "labels": {f"l{n}": "v" for n in range(2000)}}]}), {}
    yield "no-labels", _body({**good, "alerts": [{**alert, "labels": {}}]}), {}


def _headers() -> Iterator[Case]:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/msgpack", "application/xml", "json", ""):
        yield f"type-{kind}", GOOD, {"content-type": kind}
    for encoding in ("gzip", "deflate", "br", "zstd", "compress"):
        yield f"encoding-{encoding}", GOOD, {"content-encoding": encoding}


def _body(content: dict) -> bytes:
    return json.dumps(content).encode()
