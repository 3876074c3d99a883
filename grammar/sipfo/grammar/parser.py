"""Text to syntax tree, by lark's LALR parser; the only file that imports lark.

A correct file is parsed piece by piece, each of many statements: of a file with 100,000 of them, lark's
own tree took three quarters of the memory. When that fails, recovery.py cuts the text into statements
and has each of them parsed alone by the same grammar, so that a mistake stays within its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.lexer import PatternStr

from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.mistake import Expected, Mistake
from sipfo.grammar.recovery import recover
from sipfo.grammar.source import Source, Span
from sipfo.grammar.syntax_error import tell
from sipfo.grammar.vocabulary import BLOCKS

STARTS = (
    "file",
    "region_body",
    "retry_body",
    "route_body",
    "registrar_body",
    "carrier_body",
    "trunk_body",
    "cluster_body",
    "test_body",
    "when_line",
)

_CLOSED = re.compile(r'"[^"\r\n]*"')
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows."""

PIECE = 64 * 1024
"""Characters of a piece, at least."""

_HEADER = re.compile(rf"(?m)^(?:{'|'.join(sorted(BLOCKS))})[ \t]+[^\s{{}}][^{{}}\r\n]*\{{")
"""A line that opens a block; nobody has them without indentation within another."""

ON_THE_LINE_FROM = "_ON_THE_LINE_FROM"

Leaf = tree.Node | None
Parsed = Leaf | tuple["Parsed", ...]


class _Words:
    """Lets any word be lexed anywhere, so that `tomato` is one word and never `to` and `mato`, and
    tells a forward's `from`, on the line of the word before it, from its trunk's.

    After a dangling `,` or `..`, or a `numbers` without any, the `accept` of a next line would be the list's last part and its
    `from` the trunk's: that `from` is told apart as well, so that the mistake is one.
    """

    always_accept = ("WORD", "STRING")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        via, line, listing, accept = False, 0, False, False
        for token in stream:
            if token.type == "VIA":
                via = True
            elif token.type == "FROM" and (via or accept):
                via = False
                if token.line == line:
                    token.type = ON_THE_LINE_FROM
            elif token.type in ("LBRACE", "RBRACE", "ACCEPT"):
                via = False
            text = token.value  # a token is compared by a method of lark's, its text is not
            accept = listing and not via and text == "accept" and token.line != line
            listing = text in (",", "..") or token.type == "NUMBERS"
            line = token.line or 0
            yield token


@cache
def _lark() -> Lark:
    return Lark(
        (files("sipfo.grammar") / "sipfo.lark").read_text(encoding="utf-8"),
        parser="lalr",
        lexer="contextual",
        start=list(STARTS),
        postlex=_Words(),
        propagate_positions=True,
        maybe_placeholders=True,
    )


def parse(source: Source) -> tuple[tree.File, list[Diagnostic]]:
    """The tree of all that could be read, and every syntax error; never raises."""
    found = _read_pieces(source.text, source.base)
    if not isinstance(found, Mistake):
        return tree.File(source.span, found), []
    file, told = recover(source, read)
    return file, told or [tell(found, "file")]


def _read_pieces(text: str, base: int) -> tuple[tree.Node, ...] | Mistake:
    """The statements of a file. Where a piece cannot be read by itself, the whole file is."""
    statements: list[tree.Node] = []
    start = 0
    while start < len(text):
        header = _HEADER.search(text, start + PIECE)
        end = header.start() if header else len(text)
        found = read(text[start:end], "file", base + start)
        if isinstance(found, Mistake):
            return read(text, "file", base)
        statements += found
        start = end
    return tuple(statements)


def parse_when(source: Source) -> tree.When | tree.RegisteredAt | tree.CallerCancels | Diagnostic:
    """The body of one `when`, as `--when` takes it: `pbx-east answers 503`."""
    found = read(source.text, "when_line")
    if isinstance(found, Mistake):
        return tell(found, "test")
    (node,) = found
    assert isinstance(node, tree.When | tree.RegisteredAt | tree.CallerCancels)
    return node


def read(text: str, start: str, base: int = 0) -> tuple[tree.Node, ...] | Mistake:
    """Parse `text` by the rule `start`; `base` is where in the source it begins.

    A body or file gives its statements, another rule its one node.
    """
    try:
        parsed = _build(_lark().parse(text, start=start), base)
    except UnexpectedInput as error:
        return _mistake(error, text, start, base)
    nodes = parsed if isinstance(parsed, tuple) else (parsed,)
    return tuple(node for node in nodes if isinstance(node, tree.Node))


def _build(part: Tree[Token] | Token | None, base: int) -> Parsed:
    """A lark tree as the frozen node of the same name. Depth is the grammar's, not the text's."""
    if part is None:
        return None
    if isinstance(part, Token):
        start = base + (part.start_pos or 0)
        if part.type == "STRING":
            return tree.Quoted(Span(start, start + len(part)), part[1:-1])
        return tree.Word(Span(start, start + len(part)), str(part))
    children = tuple([_build(child, base) for child in part.children])
    node = _node(str(part.data))
    if node is None:
        return children
    meta = part.meta
    return node(Span(base + meta.start_pos, base + meta.end_pos), *children)


@cache
def _node(rule: str) -> Callable[..., tree.Node] | None:
    """What makes the node of a rule; None where a rule is a list of nodes."""
    if rule in tree.LISTS:
        return None
    node: Callable[..., tree.Node] = getattr(tree, rule.title().replace("_", ""))
    return node


def _mistake(error: UnexpectedInput, text: str, start: str, base: int) -> Mistake:
    """What lark says, in terms of the source: a place, what is there and what could be."""
    match error:
        case UnexpectedToken(token=Token(type="$END") as last):
            place = base + (last.end_pos or 0)
            return Mistake(Span(place, place), None, _expected(error.accepts), start)
        case UnexpectedToken(token=Token() as token):
            place = base + (token.start_pos or 0)
            span = Span(place, place + len(token))
            return Mistake(span, str(token), _expected(error.accepts), start)
        case UnexpectedCharacters(pos_in_stream=int() as place):
            place = _stray(text, place)
            span = Span(base + place, base + place + 1)
            return Mistake(span, text[place], Expected(), start, character=True)
        case _:
            raise error


def _stray(text: str, place: int) -> int:
    """Where a text that begins at `place` has a character that cannot stand in one; `place` itself
    for all else that begins no word."""
    if text[place] != '"':
        return place
    closed = _CLOSED.match(text, place)
    stray = _UNSEEN.search(text, place, closed.end()) if closed else None
    return stray.start() if stray else place


def _expected(terminals: set[str]) -> Expected:
    patterns = {t.name: t.pattern for t in _lark().terminals}
    keywords = {p.value for n, p in patterns.items() if n in terminals and type(p) is PatternStr}
    if ON_THE_LINE_FROM in terminals:
        keywords.add("from")
    values = terminals - {"$END", "WORD"} - {n for n in terminals if patterns.get(n) is None}
    return Expected(
        keywords=frozenset(keywords),
        values=frozenset(v for v in values if type(patterns[v]) is not PatternStr),
        end="$END" in terminals,
    )
