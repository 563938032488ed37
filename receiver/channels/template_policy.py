"""What a template may do: show given facts, choose between texts, go over given lists. Everything else is refused before it ever runs."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from receiver.core.suggest import suggest

FILTERS = frozenset({"visible", "plural", "noun", "number", "ordinal", "capitalize", "upper", "lower", "title", "trim", "truncate"}) | frozenset(
    {"join", "default", "d", "length", "count", "first", "last", "round", "int", "abs", "e", "escape"}
)
TESTS = frozenset({"defined", "undefined", "none", "string", "number", "odd", "even", "divisibleby", "in", "eq", "ne", "lt", "le", "gt", "ge", "equalto"})
LOOP = ("index", "index0", "revindex", "first", "last", "length")
_NUMBERS = frozenset(("length", "count", "int", "round", "abs"))
_REFUSED: Mapping[type[nodes.Node], tuple[str, str]] = {
    nodes.Call: ("calls are not allowed", "use a filter: {{ value | filter }}"),
    nodes.Pow: ("** is not allowed", "facts come ready, a template computes nothing of this size"),
    nodes.Macro: ("macros are not allowed", "write the text out, or include a file of this directory"),
    nodes.CallBlock: ("call blocks are not allowed", "write the text out"),
    nodes.FilterBlock: ("filter blocks are not allowed", "apply the filter to each value"),
    nodes.Import: ("imports are not allowed", "include a file of this directory"),
    nodes.FromImport: ("imports are not allowed", "include a file of this directory"),
    nodes.Extends: ("extends is not allowed", "include a file of this directory"),
    nodes.Block: ("blocks are not allowed", "include a file of this directory"),
    nodes.AssignBlock: ("set blocks are not allowed", "write {% set name = value %}"),
    nodes.With: ("with is not allowed", "write {% set name = value %}"),
    nodes.Scope: ("autoescape cannot be changed", "texts of alerts are always escaped"),
    nodes.Dict: ("mappings are not allowed", "use the facts that are given"),
}
_STATEMENTS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Include, nodes.Assign)
_VALUES = (nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.CondExpr)
_LOGIC = (nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat)
_ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Neg, nodes.Mul, nodes.Mod, nodes.Div, nodes.FloorDiv)
_ALLOWED = (_STATEMENTS, _VALUES, _LOGIC, _ARITHMETIC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One thing a template may not do; `word` stands on the line and gives the column."""

    line: int
    message: str
    hint: str
    word: str = ""


def refusals(tree: nodes.Template, facts: Mapping[str, Any], files: Set[str]) -> Iterator[Refusal]:
    """Everything this template may not do. `facts` is a full sample of what it is given, `files` what it may include."""
    names = [node.target.name for node in tree.find_all(nodes.AssignBlock) if isinstance(node.target, nodes.Name)]
    names += [node.target for node in tree.find_all(nodes.Import)]
    names += [node.name for node in tree.find_all(nodes.Macro)]  # what is set in a refused way is known all the same: one complaint is enough
    yield from _walk(tree, {**dict.fromkeys(names), **facts}, files)


def _walk(node: nodes.Node, scope: dict[str, Any], files: Set[str]) -> Iterator[Refusal]:
    if not isinstance(node, _ALLOWED):
        message, hint = _REFUSED.get(type(node), (f"{type(node).__name__.lower()} is not allowed", "use the facts that are given"))
        yield Refusal(line=_line(node), message=message, hint=hint)
        return
    yield from _judge(node, scope, files)
    if isinstance(node, nodes.For):
        yield from _walk(node.iter, scope, files)
        inner = scope | {"loop": dict.fromkeys(LOOP, 0)} | _targets(node, scope)
        for child in [*node.body, *([node.test] if node.test else [])]:
            yield from _walk(child, inner, files)
        for child in node.else_:
            yield from _walk(child, scope, files)
        return
    for child in node.iter_child_nodes():
        yield from _walk(child, scope, files)
    if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
        scope[node.target.name] = _value(node.node, scope)


def _line(node: nodes.Node) -> int:
    """Some nodes have no line of their own; then the first line inside them."""
    return node.lineno or next((inner.lineno for inner in node.find_all(nodes.Node) if inner.lineno), 1)


def _judge(node: nodes.Node, scope: Mapping[str, Any], files: Set[str]) -> Iterator[Refusal]:
    match node:
        case nodes.Name(ctx="load") if node.name not in scope:
            yield Refusal(line=node.lineno, message=f"there is no {node.name}", hint=suggest(node.name, scope), word=node.name)
        case nodes.Getattr() | nodes.Getitem():
            yield from _part(node, scope)
        case nodes.Filter() if node.name not in FILTERS:
            yield Refusal(line=node.lineno, message=f"the filter {node.name} is not allowed", hint=suggest(node.name, FILTERS), word=node.name)
        case nodes.Test() if node.name not in TESTS:
            yield Refusal(line=node.lineno, message=f"the test {node.name} is not allowed", hint=suggest(node.name, TESTS), word=node.name)
        case nodes.Mul() | nodes.Mod() | nodes.Div() | nodes.FloorDiv() if not (_is_number(node.left, scope) and _is_number(node.right, scope)):
            yield Refusal(
                line=node.lineno, message=f"{node.operator} is for numbers only", hint="take a number that is given, or write the text out", word=node.operator
            )
        case nodes.For():
            yield from _loop(node, scope)
        case nodes.Assign() if not isinstance(node.target, nodes.Name):
            yield Refusal(line=node.lineno, message="only a plain name can be set", hint="write {% set name = value %}")
        case nodes.Include() if not (isinstance(node.template, nodes.Const) and node.template.value in files):
            said = node.template.value if isinstance(node.template, nodes.Const) else "a computed name"
            yield Refusal(line=node.lineno, message=f"{said} cannot be included", hint=suggest(str(said), files), word=str(said))


def _part(node: nodes.Getattr | nodes.Getitem, scope: Mapping[str, Any]) -> Iterator[Refusal]:
    name = node.attr if isinstance(node, nodes.Getattr) else node.arg.value if isinstance(node.arg, nodes.Const) else None
    held = _value(node.node, scope)
    if isinstance(name, str) and name.startswith("_"):
        yield Refusal(line=node.lineno, message=f"{name} is not for templates", hint="names that begin with _ are closed", word=name)
    elif isinstance(held, Mapping) and isinstance(name, str) and name not in held:
        whose = node.node.name if isinstance(node.node, nodes.Name) else "this"
        yield Refusal(line=node.lineno, message=f"{whose} has no {name}", hint=suggest(name, held), word=name)
    elif isinstance(node, nodes.Getattr) and held is not None and not isinstance(held, Mapping):
        yield Refusal(line=node.lineno, message=f".{name} is not allowed on a {_kind(held)}", hint="use a filter: {{ value | filter }}", word=str(name))
    elif isinstance(node, nodes.Getitem) and name is None and not isinstance(node.arg, nodes.Slice):
        yield Refusal(line=node.lineno, message="a computed key is not allowed", hint="write the key itself")


def _loop(node: nodes.For, scope: Mapping[str, Any]) -> Iterator[Refusal]:
    lists = sorted(name for name, value in scope.items() if isinstance(value, list))
    if node.recursive:
        yield Refusal(line=node.lineno, message="recursive loops are not allowed", hint="go over the list once")
    if not isinstance(_value(node.iter, scope), list):
        yield Refusal(line=node.lineno, message="a loop goes over a given list only", hint=f"choose one of {', '.join(lists)}")


def _targets(node: nodes.For, scope: Mapping[str, Any]) -> dict[str, Any]:
    held = _value(node.iter, scope)
    item = held[0] if isinstance(held, list) and held else None
    return {target.name: item if target is node.target else None for target in node.target.find_all(nodes.Name)} | (
        {node.target.name: item} if isinstance(node.target, nodes.Name) else {}
    )


def _value(node: nodes.Node, scope: Mapping[str, Any]) -> Any:
    """What an expression stands for in the sample; none where it is not known."""
    match node:
        case nodes.Name():
            return scope.get(node.name)
        case nodes.Const():
            return node.value
        case nodes.Getattr():
            held = _value(node.node, scope)
            return held.get(node.attr) if isinstance(held, Mapping) else None
        case nodes.Getitem(arg=nodes.Slice()):
            return _value(node.node, scope)
        case nodes.Filter() if node.name in _NUMBERS:
            return 0
        case nodes.Filter() if node.name == "join":
            return ""
        case _:
            return 0 if _is_number(node, scope) else None


def _is_number(node: nodes.Node, scope: Mapping[str, Any]) -> bool:
    match node:
        case nodes.Const():
            return isinstance(node.value, int | float)
        case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.Mod() | nodes.Div() | nodes.FloorDiv():
            return _is_number(node.left, scope) and _is_number(node.right, scope)
        case nodes.Neg():
            return _is_number(node.node, scope)
        case nodes.Filter():
            return node.name in _NUMBERS
        case nodes.Name() | nodes.Getattr():
            return isinstance(_value(node, scope), int | float)
        case _:
            return False


def _kind(value: Any) -> str:
    return {str: "text", list: "list", int: "number", bool: "flag"}.get(type(value), "value")
