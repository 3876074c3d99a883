"""sipfo.lark as data: sections of rules, each rule an expression, and expressions as EBNF.

It reads the notation that sipfo.lark uses, not all of lark's; what it cannot read is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(r'"[^"]*"|[A-Za-z_]\w*|->|[|()\[\]*+?]')
_RULE = re.compile(r"[?!]?([a-z_]+) *:(.*)")
_TERMINAL = re.compile(r"([A-Z]+) *:")
_DECLARED = "_ON_THE_LINE_"


@dataclass(frozen=True, slots=True)
class Literal:
    """A word of the language."""

    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A rule or a kind of value."""

    name: str


@dataclass(frozen=True, slots=True)
class Seq:
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    choices: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`sign` is one of `?`, `*` and `+`."""

    part: Expr
    sign: str


Expr = Literal | Ref | Seq | Alt | Repeat


class Section(NamedTuple):
    """A `// ## …` part of the grammar: its heading and its rules in order."""

    heading: str
    rules: dict[str, Expr]


def sections(grammar: str) -> list[Section]:
    """The sections that have rules."""
    found: list[Section] = []
    for part in grammar.split("// ## ")[1:]:
        heading, _, text = part.partition("\n")
        rules = {name: _read(body) for name, body in _bodies(text).items()}
        if rules:
            found.append(Section(heading, rules))
    return found


def _bodies(text: str) -> dict[str, str]:
    """Each rule's text, its lines joined."""
    found: dict[str, str] = {}
    name = None
    for line in text.split("\n"):
        if line.startswith(("//", "%")) or not line.strip():
            continue
        if opening := _RULE.match(line):
            name, found[opening[1]] = opening[1], opening[2]
        elif _TERMINAL.match(line):
            name = None
        elif name is not None and line.startswith(" "):
            found[name] += line
        else:
            raise ValueError(f"not a line of a rule: {line}")
    return found


def _read(body: str) -> Expr:
    tokens = _TOKEN.findall(body)
    if "".join(tokens) != re.sub(r"\s", "", body):
        raise ValueError(f"not a rule's body: {body}")
    tokens.reverse()
    expr = _alt(tokens)
    if tokens:
        raise ValueError(f"not read to its end: {body}")
    return expr


def _alt(tokens: list[str]) -> Expr:
    choices = [_seq(tokens)]
    while tokens and tokens[-1] == "|":
        tokens.pop()
        choices.append(_seq(tokens))
    return choices[0] if len(choices) == 1 else Alt(tuple(choices))


def _seq(tokens: list[str]) -> Expr:
    parts: list[Expr] = []
    while tokens and tokens[-1] not in ("|", ")", "]"):
        token = tokens.pop()
        if token == "->":  # another name for the node, which is none of the user's
            tokens.pop()
        elif token in ("(", "["):
            inner = _alt(tokens)
            tokens.pop()
            parts.append(Repeat(inner, "?") if token == "[" else inner)
        elif token in ("?", "*", "+"):
            parts.append(Repeat(parts.pop(), token))
        elif token.startswith('"'):
            parts.append(Literal(token[1:-1]))
        elif token.startswith(_DECLARED):
            parts.append(Literal(token.removeprefix(_DECLARED).lower()))
        else:
            parts.append(Ref(token))
    return parts[0] if len(parts) == 1 else Seq(tuple(parts))


def inlined(expr: Expr, rules: Mapping[str, Expr]) -> Expr:
    """`expr` with the given rules' bodies in place of their names."""
    match expr:
        case Ref(name):
            return inlined(rules[name], rules) if name in rules else expr
        case Seq(parts):
            return Seq(tuple(inlined(part, rules) for part in parts))
        case Alt(choices):
            return Alt(_flat(tuple(inlined(choice, rules) for choice in choices)))
        case Repeat(part, sign):
            return Repeat(inlined(part, rules), sign)
        case Literal():
            return expr


def _flat(choices: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """A choice among choices is one choice."""
    found: list[Expr] = []
    for choice in choices:
        found += choice.choices if isinstance(choice, Alt) else [choice]
    return tuple(found)


def ebnf(expr: Expr) -> str:
    """The expression in the W3C's EBNF."""
    match expr:
        case Literal(text):
            return f'"{text}"'
        case Ref(name):
            return name if name.isupper() else name.replace("_", "-")
        case Seq(parts):
            return " ".join(
                f"({ebnf(part)})" if isinstance(part, Alt) else ebnf(part) for part in parts
            )
        case Alt(choices):
            return " | ".join(ebnf(choice) for choice in choices)
        case Repeat(Literal() | Ref() as part, sign):
            return ebnf(part) + sign
        case Repeat(part, sign):
            return f"({ebnf(part)}){sign}"


def values_in(expr: Expr) -> tuple[str, ...]:
    """The kinds of value in an expression, in order."""
    match expr:
        case Ref(name):
            return (name,) if name.isupper() else ()
        case Seq(parts) | Alt(parts):
            return tuple(dict.fromkeys(name for part in parts for name in values_in(part)))
        case Repeat(part):
            return values_in(part)
        case Literal():
            return ()
