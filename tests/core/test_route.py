"""The first matching leaf groups; `continue` only adds destinations."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.core.branches import file_branches
from receiver.core.incident import Customers, Destination, RouteSnapshot
from receiver.core.matcher import parse_matcher
from receiver.core.route import RouteNode, describe_step, group_key, route
from receiver.core.rulebook import RuleBook, Service
from receiver.core.window import Span, Window
from tests.builders import NOW


def _node(name: str, *matchers: str, to: tuple[str, ...] = ("chat",), goes_on: bool = False, below: tuple[RouteNode, ...] = ()) -> RouteNode:
    parsed = tuple(parse_matcher(text) for text in matchers)
    where = f"routes.yaml:{len(name)}"
    return RouteNode(
        id=name,
        where=where,
        matchers=parsed,
        group_by=("service", "environment"),
        group_wait=timedelta(seconds=10),
        reopen_within=timedelta(minutes=30),
        destinations=to,
        continues=goes_on,
        step=describe_step(where, name, parsed),
        children=below,
    )


def test_the_root_takes_what_nothing_else_takes() -> None:
    found = route(_node("root", below=(_node("a", 'x="1"'),)), {"job": "node", "environment": "prod"}, NOW, "v1")
    assert (found.route_id, found.where, found.rules_version) == ("root", "routes.yaml:4", "v1")
    assert found.group_labels == {"service": "node", "environment": "prod"}
    assert found.path == ("routes.yaml:4 root: every alert ✓",)


def test_the_first_matching_leaf_groups() -> None:
    deep = _node("deep", 'y="2"', to=("deep",))
    first = replace(_node("first", 'x="1"', below=(deep,)), group_by=("alertname",))
    root = _node("root", below=(first, _node("second", 'x="1"')))
    assert route(root, {"x": "1", "y": "2"}, NOW).route_id == "deep"
    shallow = route(root, {"x": "1", "alertname": "Down"}, NOW)
    assert shallow.route_id == "first"
    assert shallow.group_labels == {"alertname": "Down"}
    assert shallow.path[-1] == 'routes.yaml:5 first: x="1" ✓'


def test_continue_adds_destinations_once_and_in_order() -> None:
    below = (
        _node("a", 'x="1"', to=("devops", "chat"), goes_on=True),
        _node("b", 'x="2"', to=("never",)),
        _node("c", 'x="1"', to=("chat", "audit")),
        _node("d", 'x="1"', to=("late",)),
    )
    found = route(_node("root", below=below), {"x": "1"}, NOW)
    assert found.route_id == "a"
    assert found.destinations == ("devops", "chat", "audit")
    assert len(found.path) == 3


def test_continue_below_stays_below() -> None:
    inner = _node("inner", 'x="1"', to=("inner",), goes_on=True)
    root = _node("root", below=(_node("outer", 'x="1"', below=(inner,)), _node("after", 'x="1"', to=("after",))))
    assert route(root, {"x": "1"}, NOW).destinations == ("inner",)


def test_the_service_is_the_label_then_the_job_then_empty() -> None:
    root = _node("root")
    assert route(root, {"service": "a", "job": "b"}, NOW).group_labels["service"] == "a"
    assert route(root, {"service": "", "job": "b"}, NOW).group_labels["service"] == "b"
    assert route(root, {}, NOW).group_labels["service"] == ""


def test_group_keys_are_stable() -> None:
    key = group_key("root", {"service": "shop-db", "environment": "prod"})
    assert key == group_key("root", {"environment": "prod", "service": "shop-db"})
    assert key == "c4CQQDYVfKUtdw61RfBVzg"
    assert len(key) == 22


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_different_groups_have_different_keys(one: dict[str, str], other: dict[str, str]) -> None:
    assert (group_key("r", one) == group_key("r", other)) is (one == other)


def test_a_half_surrogate_has_a_key_too() -> None:
    assert len(group_key("r", {"service": "\ud800"})) == 22


def test_destinations_of_never_repeats_and_survives_a_name_that_is_gone() -> None:
    places = {name: Destination(name=name, channel="telegram") for name in ("chat", "devops")}
    places["policy"] = Destination(name="policy", channel="policy")
    book = RuleBook(version="v", root=_node("root", to=("devops", "policy", "gone", "chat")), destinations=places, fallback=("chat",))
    snapshot = book.route({}, NOW)
    assert [place.name for place in book.destinations_of(snapshot)] == ["devops", "chat"]
    assert book.group_key(snapshot) == group_key("root", snapshot.group_labels)


NIGHTS = Window(name="nights", zone=ZoneInfo("Europe/Moscow"), spans=(Span(days=frozenset(range(7)), start=22 * 60, end=8 * 60),))
NIGHT, DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC), datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_route_with_windows_takes_alerts_only_while_one_is_active() -> None:
    night = replace(_node("night", 'x="1"'), windows=(NIGHTS,), step=describe_step("routes.yaml:9", "night", (), (NIGHTS,)))
    root = _node("root", below=(night, _node("after", 'x="1"')))
    found = route(root, {"x": "1"}, NIGHT)
    assert (found.route_id, found.path[-1]) == ("night", "routes.yaml:9 night: every alert ✓, window nights ✓")
    assert route(root, {"x": "1"}, DAY).route_id == "after"


def test_the_books_phase_changes_when_a_window_does() -> None:
    book = RuleBook(version="v", root=_node("root"), destinations={}, fallback=(), windows=(NIGHTS,))
    assert (book.phase(NIGHT), book.phase(DAY)) == ((True,), (False,))
    assert book.next_phase_at(NIGHT) == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert replace(book, windows=()).next_phase_at(NIGHT) is None


def test_a_silent_copy_takes_no_sound_from_a_page() -> None:
    audit = replace(_node("audit", 'x="1"', goes_on=True), is_quiet=True)
    root = _node("root", below=(audit, _node("devops", 'x="1"', 'y="1"')))
    assert route(root, {"x": "1"}, NOW).is_quiet
    assert not route(root, {"x": "1", "y": "1"}, NOW).is_quiet


def test_grouping_by_all_labels_leaves_out_empty_and_ignored_ones() -> None:
    root = replace(_node("root"), group_by=("...",))
    found = route(root, {"alertname": "Down", "pod": "a", "replica": "1", "service": ""}, NOW, ignored={"replica"})
    assert found.group_labels == {"alertname": "Down", "pod": "a"}


def test_the_book_fills_in_component_policies_and_commit() -> None:
    wanted = Customers(component="from-catalogue", impact="major_outage", text="errors")
    places = {"devops": Destination(name="devops", channel="policy", address={"policy": "first-line"})}
    root = replace(_node("root", to=("devops",)), customers=wanted)
    services = {"shop-api": Service(id="shop-api", component="checkout")}
    book = RuleBook(version="0123456789ab", commit="3f2a91c5d0", root=root, destinations=places, fallback=("devops",), services=services)
    found = book.route({"service": "shop-api"}, NOW)
    assert found.customers == replace(wanted, component="checkout")
    assert (found.policies, found.rules_version) == (("first-line",), "3f2a91c")
    unknown = replace(book, commit="").route({"service": "elsewhere"}, NOW)
    assert (unknown.customers, unknown.rules_version) == (replace(wanted, component=""), "0123456789ab")


def test_a_snapshot_written_before_these_fields_is_still_read() -> None:
    written = msgspec.json.encode(route(_node("root"), {}, NOW))
    old = {key: value for key, value in msgspec.json.decode(written).items() if key not in ("is_quiet", "customers", "policies")}
    assert msgspec.json.decode(msgspec.json.encode(old), type=RouteSnapshot) == route(_node("root"), {}, NOW)


_MATCHERS = st.sampled_from(
    ['a="1"', 'a="2"', 'a=""', 'b="1"', 'b!="1"', 'a=~"1|2"', 'a=~"1.*"', 'b=~"|1"', 'c=~"x-y|z"', 'c="z"', 'a!~"2"', 'c=~".+"'],
)
_LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2", "z", "x-y"]))


@st.composite
def _trees(draw: st.DrawFn, depth: int = 2) -> RouteNode:
    below = tuple(draw(_trees(depth - 1)) for _ in range(draw(st.integers(0, 9)))) if depth else ()
    name = f"n{draw(st.integers(0, 10**9))}"
    return _node(name, *draw(st.lists(_MATCHERS, max_size=3)), to=(name,), goes_on=draw(st.booleans()), below=below)


def _walk(node: RouteNode, labels: dict[str, str]) -> list[RouteNode]:
    """Every child tried in turn, as Alertmanager does."""
    leaves: list[RouteNode] = []
    for child in node.children:
        if child.takes(labels, NOW):
            leaves += _walk(child, labels)
            if not child.continues:
                break
    return leaves or [node]


@given(_trees(), _LABELS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_index_finds_what_trying_every_child_finds(root: RouteNode, labels: dict[str, str]) -> None:
    leaves = _walk(root, labels)
    found = route(root, labels, NOW)
    assert found.route_id == leaves[0].id
    assert found.destinations == tuple(dict.fromkeys(name for leaf in leaves for name in leaf.destinations))


def test_of_a_thousand_siblings_only_those_that_may_match_are_tried() -> None:
    children = [_node(f"n{n}", f'service="s{n}"', 'severity="critical"').matchers for n in range(1000)]
    children += [_node("regex", 'service=~"s1.*"').matchers, _node("two", 'service=~"s1|s2"').matchers]
    branches = file_branches(children)
    assert list(branches.candidates({"service": "s1", "severity": "critical"})) == [1, 1000, 1001]
    assert list(branches.candidates({"severity": "critical"})) == [1000]


def test_an_absent_label_is_found_under_the_empty_value() -> None:
    below = (*(_node(f"n{n}", f'service="s{n}"') for n in range(9)), _node("nobody", 'service=""'))
    assert route(_node("root", below=below), {}, NOW).route_id == "nobody"
