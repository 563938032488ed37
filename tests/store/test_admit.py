"""What merging does, against a real server: one table of cases, the ways it may refuse, and a model that random streams are held against."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness import redis_server

pytestmark = pytest.mark.xdist_group("admit")  # one server for all of them

SCRIPT = files("receiver.store").joinpath("admit.lua").read_bytes()
P = "{p00}:"
NOW = 1_790_000_000_000
WAIT = 10_000


def member(name: str, variant: str = "000000") -> str:
    return name.ljust(22, "_") + variant


@dataclass(frozen=True)
class Said:
    """One alert of a webhook. `flag` as the script reads it; '' chooses what a sender that knows nothing would say."""

    name: str
    status: str = "F"
    start: int = 5
    end: int = 0
    flag: str = ""
    notes: str = "first"
    variant: str = "000000"

    @property
    def signature(self) -> str:
        return f"{self.status}{self.start:018d}{self.end:018d}"


def fires(name: str, start: int = 5, **more) -> Said:
    return Said(name, "F", start, **more)


def ends(name: str, start: int = 5, end: int = 9, **more) -> Said:
    return Said(name, "R", start, end, **more)


class Merging:
    """The script on one server, called as admission calls it."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self._ids = 0

    def words(self, *said: Said, group: str = "g", truncated: int = 0, opens: bool = True) -> list:
        self._ids += 1
        flags = [s.flag or ("1" if s.status == "F" else "0") for s in said]
        blob = "".join(member(s.name, s.variant) + s.signature for s in said)
        payloads = [s.notes for s, flag in zip(said, flags, strict=True) if flag != "0"]
        return [group, f"INC-{self._ids}" if opens else "", b"{}" if opens else b"", WAIT, truncated, blob, "".join(flags), *payloads]

    def items(self, *items: list, now: int = NOW) -> list[int]:
        return self.client.eval(SCRIPT, 1, P + "open", P, now, *[word for item in items for word in item])

    def __call__(self, *said: Said, now: int = NOW, **more) -> dict[str, int] | None:
        """The report, without what is zero; None when the script wants more to be said."""
        (answer,) = self.items(self.words(*said, **more), now=now)
        if answer < 0:
            return None
        report = {"changed": answer & 1023, "unknown": answer >> 10 & 1023, "late": answer >> 20 & 1023, "opened": answer >> 30 & 1}
        return {k: v for k, v in report.items() if v}

    def held(self, iid: str = "INC-1") -> dict[str, str]:
        return {k.decode()[:22].rstrip("_"): v.decode() for k, v in self.client.hgetall(f"{P}al:{iid}").items()}

    def notes(self, iid: str = "INC-1") -> dict[str, str]:
        return {k.decode()[:22].rstrip("_"): v.decode() for k, v in self.client.hgetall(f"{P}pl:{iid}").items()}

    def incident(self, iid: str = "INC-1") -> dict[str, str]:
        return {k.decode(): v.decode() for k, v in self.client.hgetall(f"{P}inc:{iid}").items()}

    def wake(self, iid: str = "INC-1") -> float | None:
        return self.client.zscore(P + "wake", iid)

    def everything(self) -> dict[bytes, object]:
        """All that is stored but the high-water mark of time."""
        read = {b"hash": self.client.hgetall, b"zset": lambda k: self.client.zrange(k, 0, -1, withscores=True), b"string": self.client.get}
        return {k: read[self.client.type(k)](k) for k in sorted(self.client.keys("*")) if k != f"{P}meta".encode()}


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[redis.Redis]:
    with redis_server(tmp_path_factory.mktemp("r")) as url:
        client = redis.Redis(unix_socket_path=url.removeprefix("unix://"))
        yield client
        client.close()


@pytest.fixture
def merge(server) -> Merging:
    server.flushall()
    return Merging(server)


# name: what was said before, what is said now, the report, the signature that stands then
CASES = {
    "a new alert opens an incident": ([], fires("a"), {"changed": 1, "opened": 1}, fires("a")),
    "a repeat changes nothing": ([fires("a")], fires("a", flag="0"), {}, fires("a")),
    "a newer start of a firing alert is kept quietly": ([fires("a")], fires("a", 7, flag="0"), {}, fires("a", 7)),
    "an older start of a firing alert is ignored": ([fires("a", 7)], fires("a", 5, flag="0"), {}, fires("a", 7)),
    "the end of this episode resolves": ([fires("a")], ends("a"), {"changed": 1}, ends("a")),
    "an end with another start but a later end resolves": ([fires("a", 5)], ends("a", 3, 6), {"changed": 1}, ends("a", 3, 6)),
    "the end of an earlier episode is late": ([fires("a", 5)], ends("a", 3, 4), {"late": 1}, fires("a", 5)),
    "the end of an unknown alert is counted only": ([fires("b")], ends("a"), {"unknown": 1}, None),
    "a second end changes nothing": ([fires("a"), ends("a")], ends("a", 5, 12), {}, ends("a")),
    "firing again with a later start": ([fires("a"), ends("a")], fires("a", 11, flag="0"), {"changed": 1}, fires("a", 11)),
    "firing again with the same start": ([fires("a"), ends("a")], fires("a", 5, flag="0"), {"changed": 1}, fires("a", 5)),
}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.replace(" ", "-"))
def test_merging(merge, case):
    before, now, report, stands = CASES[case]
    for said in before:
        merge(said)
    assert merge(now) == report
    assert merge.held().get("a") == (stands.signature if stands else None)
    is_firing = bool(stands) and stands.status == "F"
    assert merge.client.hexists(P + "ix", member("a")) is is_firing


def test_the_end_of_an_alert_nobody_knows_opens_nothing(merge):
    assert merge(ends("a")) == {"unknown": 1}
    assert merge.everything() == {}


def test_a_repeat_is_counted_and_neither_changes_the_version_nor_wakes(merge):
    merge(fires("a"))
    before = merge.incident()
    merge.client.zrem(P + "wake", "INC-1")
    merge(fires("a", flag="0"), now=NOW + 60_000)
    after = merge.incident()
    assert (after["ver"], after["reps"], after["seen"]) == (before["ver"], "1", str(NOW + 60_000))
    assert merge.wake() is None


def test_annotations_that_drifted_replace_the_stored_ones_without_a_change(merge):
    merge(fires("a", notes="1 %"))
    version = merge.incident()["ver"]
    assert merge(fires("a", flag="2", notes="2 %")) == {}
    assert merge.notes() == {"a": "2 %"}
    assert merge.held() == {"a": fires("a").signature}
    assert merge.incident()["ver"] == version


def test_two_fingerprints_of_one_identity_are_held_apart(merge):
    merge(fires("a", variant="AAAAAA"), fires("a", variant="BBBBBB"))
    merge(ends("a", variant="AAAAAA"))
    held = {k.decode()[22:]: v.decode()[:1] for k, v in merge.client.hgetall(f"{P}al:INC-1").items()}
    assert held == {"AAAAAA": "R", "BBBBBB": "F"}
    assert merge.client.hkeys(P + "ix") == [member("a", "BBBBBB").encode()]


def test_an_alert_that_fires_in_another_incident_is_changed_there(merge):
    merge(fires("a"), group="old")
    merge(fires("b"), group="new")
    wake = merge.incident("INC-1")["ver"]
    assert merge(ends("a"), group="new") == {"changed": 1}
    assert merge.held("INC-1") == {"a": ends("a").signature}
    assert merge.held("INC-2") == {"b": fires("b").signature}
    assert int(merge.incident("INC-1")["ver"]) == int(wake) + 1
    assert merge.wake("INC-1") == NOW


def test_a_truncated_list_is_noted_and_wakes_once(merge):
    merge(fires("a"))
    later = NOW + WAIT
    merge(fires("a", flag="0"), truncated=7, now=later)
    assert merge.incident()["trunc"] == "7"
    version = merge.incident()["ver"]
    merge(fires("a", flag="0"), truncated=7, now=later)
    assert merge.incident()["ver"] == version


def test_what_is_taken_for_known_and_is_not_must_be_said_in_full_and_nothing_is_written(merge):
    assert merge(fires("a", flag="0"), opens=False) is None
    assert merge.everything() == {}
    assert merge(fires("a"), opens=False) is None
    assert merge.everything() == {}
    assert merge(fires("a")) == {"changed": 1, "opened": 1}


def test_one_webhook_that_must_say_more_does_not_hold_back_its_neighbours(merge):
    assert merge.items(merge.words(fires("a", flag="0"), group="x"), merge.words(fires("b"), group="y"))[0] == -1
    assert merge.held("INC-2") == {"b": fires("b").signature}


def test_growth_inside_the_group_wait_waits_with_it_and_an_end_does_not(merge):
    merge(fires("a"))
    assert merge.wake() == NOW + WAIT
    merge.client.zadd(P + "wake", {"INC-1": NOW + 2 * WAIT})
    merge(fires("b"), now=NOW + 1)
    assert merge.wake() == NOW + WAIT
    merge(ends("a"), now=NOW + 2)
    assert merge.wake() == NOW + 2
    merge.client.zrem(P + "wake", "INC-1")
    merge(fires("c"), now=NOW + WAIT + 1)
    assert merge.wake() == NOW + WAIT + 1


def test_time_never_goes_back(merge):
    merge(fires("a"), now=NOW)
    merge(fires("a", flag="0"), now=NOW - 60_000)
    assert merge.incident()["seen"] == str(NOW)


def test_a_server_out_of_memory_refuses_the_whole_batch(merge):
    merge(fires("a"))
    before = merge.everything()
    merge.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.OutOfMemoryError):
            merge.items(merge.words(fires("b"), group="x"), merge.words(fires("c"), group="y"))
        assert merge.everything() == before
    finally:
        merge.client.config_set("maxmemory", 0)


@pytest.mark.parametrize("key", ["open", "ix", "al:INC-1", "inc:INC-1"])
def test_a_key_of_another_kind_stops_the_webhook_before_anything_is_written(merge, key):
    merge(fires("a"))
    merge.client.delete(P + key)
    merge.client.set(P + key, "not a hash")
    before = merge.everything()
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        merge(fires("a"), fires("b"), ends("c"))
    assert merge.everything() == before


class Model:
    """The same in a few lines of Python: what each alert stands at, and where it lives."""

    def __init__(self) -> None:
        self.open: dict[str, int] = {}
        self.stands: dict[tuple[int, str], Said] = {}
        self.index: dict[str, int] = {}

    def say(self, group: str, *said: Said) -> None:
        here = self.open.get(group)
        writes: list[tuple[int | None, Said, bool]] = []
        for one in said:
            at, old = here, self.stands.get((here, one.name)) if here is not None else None
            if old is None and one.name in self.index:
                at = self.index[one.name]
                old = self.stands[at, one.name]
            if self._replaces(old, one):
                is_quiet = old is not None and old.status == one.status  # a newer start of what fires anyway
                writes.append((at, one, is_quiet))
        if any(at is None for at, _, _ in writes):
            here = self.open[group] = len(self.open)
        for at, one, is_quiet in writes:
            home = here if at is None else at
            assert home is not None
            self.stands[home, one.name] = one
            if one.status == "F" and not is_quiet:
                self.index[one.name] = home
            elif one.status == "R":
                self.index.pop(one.name, None)

    @staticmethod
    def _replaces(old: Said | None, new: Said) -> bool:
        if old is None or old.status == "R":
            return new.status == "F"
        if new.status == "F":
            return new.start > old.start
        return new.start == old.start or new.end >= old.start

    def signatures(self) -> dict[tuple[int, str], str]:
        return {where: said.signature for where, said in self.stands.items()}


def stored(merge: Merging, groups: list[str]) -> dict[tuple[int, str], str]:
    found = {}
    for number, group in enumerate(groups):
        iid = merge.client.hget(P + "open", group)
        assert iid is not None
        found |= {(number, name): signature for name, signature in merge.held(iid.decode()).items()}
    return found


LIVES = st.lists(
    st.tuples(
        st.sampled_from(["g", "h"]),
        st.lists(
            st.builds(
                lambda name, start, length, is_over: ends(name, start, start + length) if is_over else fires(name, start),
                st.sampled_from("abc"), st.integers(1, 9), st.integers(0, 4), st.booleans(),
            ),
            min_size=1, max_size=3, unique_by=lambda s: s.name,
        ),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LIVES)
def test_any_stream_ends_where_the_model_ends(merge, stream):
    merge.client.flushall()
    model = Model()
    for group, said in stream:
        merge(*said, group=group)
        model.say(group, *said)
        assert stored(merge, list(model.open)) == model.signatures()
        assert {k.decode()[:22].rstrip("_") for k in merge.client.hkeys(P + "ix")} == set(model.index)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LIVES, st.integers(0, 12))
def test_a_stream_whose_beginning_was_sent_twice_ends_the_same(merge, stream, again):
    ended = []
    for sent in (stream, [*stream[:again], *stream]):
        merge.client.flushall()
        for group, said in sent:  # an alert keeps to its group here: moving is a change of the rules, not of what fires
            merge(*(replace(one, name=group + one.name) for one in said), group=group)
        ended.append({name: signature for iid in ("g", "h") for name, signature in _of(merge, iid).items()})
    assert ended[0] == ended[1]


def _of(merge: Merging, group: str) -> dict[tuple[str, str], str]:
    iid = merge.client.hget(P + "open", group)
    return {(group, name): signature for name, signature in merge.held(iid.decode()).items()} if iid else {}


@pytest.mark.parametrize(("wait", "due"), [(0, True), (WAIT, False)])
def test_only_what_is_due_now_is_reported_as_due(merge, wait, due):
    words = merge.words(fires("a"))
    words[3] = wait
    (answer,) = merge.items(words)
    assert bool(answer >> 31) is due
    (answer,) = merge.items(merge.words(ends("a")))
    assert answer >> 31
    (answer,) = merge.items(merge.words(ends("a")))
    assert not answer
