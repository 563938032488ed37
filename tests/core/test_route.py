"""The first matching leaf groups; `continue` only adds destinations."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from receiver.core.incident import Destination
from receiver.core.matcher import parse_matcher
from receiver.core.route import RouteNode, describe_step, group_key, route
from receiver.core.rulebook import RuleBook
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
