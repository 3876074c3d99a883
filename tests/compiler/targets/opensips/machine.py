"""The script's statements carried out: conditions, sums, switches and blocks, with what a variable is.

Functions and pseudo-variables are asked of a `World`, which plays the rest of OpenSIPS. What would
surprise: `=` puts another value on top of an AVP, and `:=` alone replaces what it had; `exit` ends all
blocks, not the one that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Final, Protocol

from lark import Token

from compiler.targets.opensips.facts import FUNCTIONS, WRITTEN
from compiler.targets.opensips.reader import Node, Part, Script, literal, value

Value = str | int | None

MOST_LOOPS: Final = 500
_PLAIN: Final = re.compile(r"\$([A-Za-z_]\w*)(?:\(([^)]*)\))?")
_WHOLE: Final = re.compile(
    r"\$\(([A-Za-z_]\w*)(?:\(([^)]*)\))?(?:\[(\*|-?\d+)\])?((?:\{[^}]*\})*)\)"
)


class World(Protocol):
    """What the script is run by."""

    avps: dict[str, list[Value]]
    shared: dict[str, Value]
    variables: dict[str, Value]

    def call(self, name: str, arguments: list[Value], texts: list[str]) -> bool:
        """A function; `texts` are the arguments as they stand."""

    def variable(self, name: str, inner: str, index: str) -> Value:
        """A pseudo-variable that is no avp, var or shv."""

    def assign(self, name: str, given: Value) -> None:
        """A pseudo-variable gets a value."""


class Exit(Exception):
    """The script is over."""


class _Return(Exception):
    pass


class _Break(Exception):
    pass


class Machine:
    """A script that can be run, a block at a time, for a world."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.loops = int(script.settings["max_while_loops"])

    def run(self, world: World, kind: str, name: str = "") -> None:
        """A top route, to its end."""
        try:
            self._block(world, kind, name)
        except Exit:
            return

    def _block(self, world: World, kind: str, name: str) -> None:
        try:
            self._actions(world, self._script.blocks[kind, name])
        except _Return:
            return

    def _actions(self, world: World, actions: tuple[Node, ...] | list[Node]) -> None:
        for action in actions:
            self._act(world, action)

    def _act(self, world: World, action: Node) -> None:
        children = action.children
        match action.data:
            case "assign":
                self._assign(world, action)
            case "call":
                self._call(world, action)
            case "route":
                self._block(world, "route", str(children[0]))
            case "branch":
                held = self._test(world, children[0])
                chosen = children[1] if held else children[2]
                if chosen is not None:
                    self._actions(world, _trees(chosen))
            case "while":
                self._loop(world, action)
            case "switch":
                self._switch(world, action)
            case "leave":
                raise {"exit": Exit, "return": _Return, "break": _Break}[str(children[0])]
            case _:
                raise AssertionError(action.data)

    def _loop(self, world: World, action: Node) -> None:
        for _ in range(self.loops):
            if not self._test(world, action.children[0]):
                return
            try:
                self._actions(world, _trees(action.children[1]))
            except _Break:
                return
        raise AssertionError("a loop that does not end")

    def _switch(self, world: World, action: Node) -> None:
        """The first case that is it, and those behind it until one breaks."""
        looked_at = self.of(world, str(action.children[0]))
        falls = False
        try:
            for case in action.children[1:]:
                if case is None:
                    continue
                assert not isinstance(case, Token)
                if case.data == "default":
                    self._actions(world, _trees(case))
                elif falls or _same(looked_at, value(case.children[0])):
                    falls = True
                    self._actions(world, _trees(case)[_skip(case) :])
        except _Break:
            return

    def _assign(self, world: World, action: Node) -> None:
        target, how, given = action.children
        found = _PLAIN.fullmatch(str(target))
        assert found is not None, target
        name, inner = found[1], found[2] or ""
        assert name in WRITTEN, target
        is_null = isinstance(given, Token) and given.type == "NULL"
        result = None if is_null else self._sum(world, given)
        if name == "avp":
            values = world.avps.setdefault(inner, [])
            if str(how) == ":=":
                values.clear()
            assert result is not None, f"{target} of nothing"
            values.insert(0, result)
        elif name == "var":
            world.variables[inner] = 0 if result is None else result
        elif name == "shv":
            assert result is not None, f"{target} of nothing"
            world.shared[inner] = result
        else:
            world.assign(name, result)

    def _call(self, world: World, call: Node) -> bool:
        name, *given = call.children
        arguments: list[Value] = []
        kinds = FUNCTIONS[str(name)].kinds
        for one, kind in zip(given, kinds, strict=False):
            if one is None:
                continue
            if kind == "var":
                arguments.append(None)  # what the function sets
            elif isinstance(one, Token) and one.type == "VAR":
                arguments.append(self.of(world, str(one)))
            else:
                constant = value(one)
                arguments.append(
                    self.expanded(world, constant) if isinstance(constant, str) else constant
                )
        texts = [str(one) for one in given if one is not None]
        return world.call(str(name), arguments, texts)

    def expanded(self, world: World, text: str) -> str:
        """An argument, its variables filled in."""

        def fill(found: re.Match[str]) -> str:
            return _text(self.of(world, found[0]))

        return re.sub(r"\$\$|\$[A-Za-z_]\w*(?:\([^)]*\))?", fill, text)

    def _test(self, world: World, test: Part | None) -> bool:
        assert test is not None and not isinstance(test, Token)
        children = test.children
        match test.data:
            case "either":
                return self._test(world, children[0]) or self._test(world, children[1])
            case "both":
                return self._test(world, children[0]) and self._test(world, children[1])
            case "negation":
                return not self._test(world, children[0])
            case "call":
                return self._call(world, test)
            case "comparison":
                return self._compare(world, *children)
            case _:
                raise AssertionError(test.data)

    def _compare(self, world: World, left: object, sign: object, right: object) -> bool:
        found = self.of(world, str(left))
        if isinstance(right, Token) and right.type == "NULL":
            return (found is None) is (str(sign) == "==")
        if isinstance(right, Token) and right.type == "NETWORK":
            assert str(sign) == "=="
            return ip_address(str(found)) in ip_network(str(right))
        wanted: Value
        if isinstance(right, Token) and right.type == "VAR":
            wanted = self.of(world, str(right))
        else:
            wanted = value(right)
        match str(sign):
            case "=~":
                return re.search(_posix(str(wanted)), _text(found), re.IGNORECASE) is not None
            case "==":
                return _same(found, wanted)
            case "!=":
                return not _same(found, wanted)
        assert isinstance(found, int) and isinstance(wanted, int), (
            f"{left}={found!r} {sign} {wanted!r}"
        )
        return {
            "<": found < wanted,
            "<=": found <= wanted,
            ">": found > wanted,
            ">=": found >= wanted,
        }[str(sign)]

    def _sum(self, world: World, given: Part | None) -> Value:
        if isinstance(given, Token):
            return self.of(world, str(given)) if given.type == "VAR" else literal(given)
        assert given is not None
        if given.data == "number":
            return int(str(given.children[0]))
        left, sign, right = given.children
        first, second = self._sum(world, left), self._sum(world, right)
        if str(sign) == "+" and not isinstance(
            first, int
        ):  # eval_elem: what is on the left decides
            assert first is not None and second is not None, given
            return f"{first}{second}"
        assert isinstance(first, int) and isinstance(second, int), given
        return {
            "+": first + second,
            "-": first - second,
            "*": first * second,
            "/": int(first / second) if second else 0,
            "%": first % second if second else 0,
        }[str(sign)]

    def of(self, world: World, text: str) -> Value:
        """What a variable has now."""
        if text == "$$":
            return "$"
        found = _PLAIN.fullmatch(text) or _WHOLE.fullmatch(text)
        assert found is not None, text
        name, inner = found[1], found[2] or ""
        index, changes = (found[3] or "", found[4] or "") if found.re is _WHOLE else ("", "")
        result: Value
        if name == "avp":
            result = next(iter(world.avps.get(inner, ())), None)
        elif name == "var":
            result = world.variables[inner]  # one that no block has set is a mistake
        elif name == "shv":
            result = world.shared[inner]
        else:
            result = world.variable(name, inner, index)
        for change in re.findall(r"\{([^}]*)\}", changes):
            result = self._changed(world, result, change)
        return result

    def _changed(self, world: World, given: Value, change: str) -> Value:
        name, _, rest = change.partition(",")
        text = _text(given)
        match name:
            case "s.int":
                digits = re.match(r"\s*-?\d+", text)
                return int(digits[0]) if digits else 0
            case "s.select":
                index, separator = rest[:-2], rest[-1]
                place = self.of(world, index) if index.startswith("$") else int(index)
                assert isinstance(place, int), change
                fields = text.split(separator)
                return fields[place] if place < len(fields) else None
            case "re.subst":
                _, pattern, new, flags = rest.split("/")
                return re.sub(_posix(pattern), new, text, count=0 if "g" in flags else 1)
            case "nameaddr.uri":
                bracketed = re.search(r"<([^>]*)>", text)
                return bracketed[1] if bracketed else text
            case _:
                raise AssertionError(change)


def _skip(case: Node) -> int:
    """A number of a case is a tree as well, and no action."""
    return 1 if not isinstance(case.children[0], Token) else 0


def _trees(node: Part) -> list[Node]:
    assert not isinstance(node, Token)
    return [one for one in node.children if not isinstance(one, Token) and one is not None]


def _same(found: Value, wanted: Value) -> bool:
    """A number and a text are never the same, as a condition of OpenSIPS has it; of texts it takes no
    notice of case (comp_s2s, SWITCH_T)."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.lower() == wanted.lower()
    return type(found) is type(wanted) and found == wanted


def _text(given: Value) -> str:
    return "<null>" if given is None else str(given)


def _posix(pattern: str) -> str:
    """An expression that POSIX and Python read alike; another one is a mistake here."""
    assert not re.search(r"\\|\(\?|[*+?}][?+]", pattern), pattern
    return pattern


def shared_of(script: Script) -> Iterator[tuple[str, Value]]:
    """What `shvset` gives the shared variables."""
    for module, name, given in script.parameters:
        if (module, name) == ("cfgutils", "shvset"):
            found = re.fullmatch(r"(\w+)=i:(\d+)", str(given))
            assert found is not None, given
            yield found[1], int(found[2])
