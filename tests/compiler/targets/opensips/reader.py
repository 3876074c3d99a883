"""What the target writes, read as OpenSIPS would: a script to its parts, or an error.

There is no OpenSIPS to ask, so `script.lark` is the part of its grammar that is used, and what it would
not load (an unknown function, one that a kind of route may not call, a block that is not there) is
found here by the tables of `facts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lark import Lark, Token, Tree

from compiler.targets.opensips import facts

Node = Tree[Token]
Part = Node | Token

_GRAMMAR: Final = Path(__file__).with_name("script.lark")
_NAME: Final = re.compile(r"\$\(?(?:<\w+>)?([A-Za-z_]\w*)(?:\(([^)]*)\))?")
_PASSED: Final = ("route", "t_on_failure", "t_on_reply", "t_on_branch")


@dataclass(frozen=True)
class Script:
    """A script: its settings, sockets with tags, modules, their parameters, and its blocks by kind and
    name; the main route has none."""

    settings: dict[str, str]
    sockets: dict[str, str]
    modules: tuple[str, ...]
    parameters: tuple[tuple[str, str, str | int], ...]
    blocks: dict[tuple[str, str], tuple[Node, ...]]


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR.read_text("utf-8"), parser="lalr", start="script", maybe_placeholders=True)


def read(text: str) -> Script:
    """A whole script. Raises lark's UnexpectedInput."""
    found = Script({}, {}, (), (), {})
    modules: list[str] = []
    parameters: list[tuple[str, str, str | int]] = []
    for item in _parser().parse(text).children:
        assert isinstance(item, Tree)
        one = item.children
        match item.data:
            case "setting":
                assert str(one[0]) not in found.settings, one[0]
                found.settings[str(one[0])] = str(one[1])
            case "socket":
                assert str(one[0]) not in found.sockets, one[0]
                found.sockets[str(one[0])] = str(one[1])
            case "loadmodule":
                modules.append(literal(one[0]).removesuffix(".so"))
            case "modparam":
                parameters.append((literal(one[0]), literal(one[1]), value(one[2])))
            case _:
                kind, name = str(one[0]), "" if one[1] is None else str(one[1])
                assert (kind, name) not in found.blocks, f"{kind}[{name}] is there twice"
                found.blocks[kind, name] = tuple(each for each in one[2:] if isinstance(each, Tree))
    return Script(found.settings, found.sockets, tuple(modules), tuple(parameters), found.blocks)


def literal(part: object) -> str:
    """What a string says, its escapes taken away."""
    assert isinstance(part, Token)
    assert part.type == "STRING"
    names = {"n": "\n", "r": "\r", "t": "\t"}
    return re.sub(r"\\(.)", lambda one: names.get(one[1], one[1]), part[1:-1])


def value(part: object) -> str | int:
    """A constant: a string or a number."""
    if isinstance(part, Tree):
        return int(str(part.children[0]))
    return literal(part)


def complaints(script: Script) -> Iterator[str]:
    """Why OpenSIPS would not load it, or would do something else than is meant."""
    for name in script.settings.keys() - facts.SETTINGS:
        yield f"no core parameter {name}"
    for name in set(script.modules) - facts.MODULES.keys():
        yield f"no module {name}"
    for module, name, given in script.parameters:
        wanted = facts.PARAMETERS.get((module, name))
        if module not in script.modules or wanted is None or not isinstance(given, wanted):
            yield f"modparam {module} {name}: {given!r}"
    if len(script.blocks) > facts.MOST_BLOCKS:
        yield f"{len(script.blocks)} blocks"
    yield from _unreached(script)
    for (kind, name), actions in script.blocks.items():
        for kind_of_caller in _callers(script, kind, name):
            for action in actions:
                for call in action.find_data("call"):
                    yield from _call(script, call, kind_of_caller, f"{kind}[{name}]")
        for action in actions:
            yield from _variables(script, action)
            yield from _breaks(action, inside=False)


def _breaks(action: Part | None, inside: bool) -> Iterator[str]:
    """A `break` ends a case or a loop, and stands nowhere else (`brk_actions` of cfg.y)."""
    if not isinstance(action, Tree):
        return
    if action.data == "leave" and action.children[0] == "break" and not inside:
        yield "a break outside of a case"
    for child in action.children:
        yield from _breaks(child, inside or action.data in ("switch", "while"))


def _called(actions: tuple[Node, ...]) -> Iterator[str]:
    for action in actions:
        for call in action.find_data("route"):
            yield str(call.children[0])


def _armed(script: Script) -> Iterator[tuple[str, str]]:
    kinds = {
        "t_on_failure": "failure_route",
        "t_on_reply": "onreply_route",
        "t_on_branch": "branch_route",
    }
    for actions in script.blocks.values():
        for action in actions:
            for call in action.find_data("call"):
                if str(call.children[0]) in kinds:
                    yield kinds[str(call.children[0])], literal(call.children[1])


def _reached(script: Script, kind: str, name: str) -> set[str]:
    """The route blocks that a block leads to."""
    found: set[str] = set()
    waiting = list(_called(script.blocks[kind, name]))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            assert ("route", one) in script.blocks, f"no route[{one}]"
            waiting += _called(script.blocks["route", one])
    return found


def _tops(script: Script) -> Iterator[tuple[str, str]]:
    yield "route", ""
    yield from dict.fromkeys(_armed(script))


def _callers(script: Script, kind: str, name: str) -> set[str]:
    """The kinds of routes that a block runs in."""
    tops = list(_tops(script))
    if (kind, name) in tops:
        return {kind}
    return {top[0] for top in tops if name in _reached(script, *top)}


def _unreached(script: Script) -> Iterator[str]:
    tops = set(_tops(script))
    for top in tops - script.blocks.keys():
        yield f"no {top[0]}[{top[1]}]"
    reached = {
        ("route", one) for top in tops & script.blocks.keys() for one in _reached(script, *top)
    }
    for kind, name in script.blocks.keys() - tops - reached:
        yield f"{kind}[{name}] is reached from nowhere"


def _call(script: Script, call: Node, kind: str, where: str) -> Iterator[str]:
    name, *given = call.children
    arguments = [one for one in given if one is not None]
    function = facts.FUNCTIONS.get(str(name))
    if function is None:
        yield f"{where}: no function {name}"
        return
    if function.module not in (*script.modules, "core"):
        yield f"{where}: {name} is of {function.module}, which is not loaded"
    if not function.least <= len(arguments) <= len(function.kinds):
        yield f"{where}: {name} is given {len(arguments)} arguments"
    if kind not in function.routes:
        yield f"{where}: {name} in a {kind}"
    for argument, wanted in zip(arguments, function.kinds, strict=False):
        is_variable = isinstance(argument, Token) and argument.type == "VAR"
        fits = (
            is_variable
            if wanted == "var"
            else is_variable or isinstance(value(argument), KINDS[wanted])
        )
        if not fits:
            yield f"{where}: {name}: {argument} is no {wanted}"


KINDS: Final[dict[str, type]] = {"str": str, "int": int}


def _variables(script: Script, action: Node) -> Iterator[str]:
    for token in action.scan_values(lambda one: isinstance(one, Token)):
        texts = [str(token)] if token.type == "VAR" else []
        for text in texts:
            found = _NAME.match(text)
            if found is None or found[1] not in facts.VARIABLES:
                yield f"no variable {text}"
            elif facts.VARIABLES[found[1]] not in (*script.modules, "core"):
                yield f"{text} is of {facts.VARIABLES[found[1]]}, which is not loaded"
            for named in re.findall(r"\{([a-z]+\.[a-z]+)", text):
                if named not in facts.TRANSFORMATIONS:
                    yield f"no transformation {named}"
