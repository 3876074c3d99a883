"""What holds for any policy, however it is laid out: nothing is lost, and once is enough."""

from __future__ import annotations

import re
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipfo.grammar.format.formatter import format_source
from sipfo.grammar.format.piece import Piece, Place, cut
from sipfo.grammar.parser import parse
from sipfo.grammar.source import Source

ROOT = Path(__file__).parents[2]
POLICIES = [
    pytest.param(text, id=f"{path.parent.name}/{path.name}")
    for path in sorted([*ROOT.glob("examples/*.sipfo"), *ROOT.glob("tests/**/*.sipfo")])
    for text in [path.read_bytes().decode(errors="replace").removeprefix("\ufeff")]
]

# Statements as words; `via …~from` must share a line, `^from` must begin one.
NAMES = st.sampled_from(["a", "pbx-east", "northstar", "to", "é", "a-name-of-some-length" * 2])
LISTS = st.lists(NAMES, min_size=1, max_size=9).map(" , ".join)
SIMPLE = st.sampled_from(
    [
        *("sipfo 1", "import telnyx", 'import "a b.sipfo"', 'note "# {  } none"'),
        *("listen udp 192.0.2.10:5060", 'source "https://a.example/#b" 2026-07-30'),
        'listen tls 192.0.2.10 certificate "/a b.pem"',
    ]
)
ITEMS = {
    "region": st.sampled_from(["primary 192.0.2.1", "secondary 192.0.2.2", "domain a.example"]),
    "retry": st.one_of(
        LISTS.map("failover on {}".format),
        LISTS.map('stop on 486 tagged "D5" , {} , cause 34 , 38'.format),
        st.sampled_from(["commit on 180 , answer", "otherwise stop", "no-answer 15s"]),
        st.sampled_from(["no-response 500ms", "no-progress 4s"]),
    ),
    "route": st.sampled_from(["to sip:a.example", "to region us", "probe every 3s up after 2"]),
    "carrier": st.one_of(
        LISTS.map("prefixes {}".format),
        st.sampled_from(["cost 0.1", 'number strip 1 prepend "9011"', "limit 2 calls"]),
    ),
    "registrar": st.sampled_from(["user a password secret B", "instance kss-a 192.0.2.1"]),
    "trunk": st.one_of(
        LISTS.map("on failure forward to +1 via cheapest {}".format),
        LISTS.map("on failure forward to +1 via {} ~from us.primary".format),
        LISTS.map("^from {}".format),
        LISTS.map("routes round-robin {}".format),
        st.sampled_from(["accept anyone", "numbers +1 .. +2 , any", "retry standard"]),
        st.sampled_from(["deadline 2s", "order route-major", "limit 2 calls , 1 per second"]),
    ),
    "test": st.one_of(
        NAMES.map("expect us.primary to {} 503".format),
        NAMES.map("when {} from us.primary rings , answers 200 after 2s".format),
        st.sampled_from(["call a to +1 after 1 call", "expect answered within 3s"]),
    ),
}


def blocks(kind: str) -> st.SearchStrategy[str]:
    name = st.just('"a test\'s  title"') if kind == "test" else NAMES
    items = st.lists(ITEMS[kind], max_size=4).map(" ".join)
    return st.builds(f"{kind} {{}} {{{{ {{}} }}}}".format, name, items)


WORDS = st.lists(st.one_of(SIMPLE, *(blocks(kind) for kind in ITEMS)), max_size=7).map(" ".join)
WORD = re.compile(r'[~^]?(?:"[^"]*"|\S+)')

SPACES = [" ", " ", " ", " ", "   ", "\t"]
BREAKS = ["\n", "\n", "\r\n", "\n\n", "\n\n\n\n\n", "\n    ", "\n\t\n"]
COMMENTS = [
    *(" # one\n", "#\n", '\n# "alone" { }  \n', "\n\n    # far , apart\r\n\n", "\n#a\n#b\n"),
    *("      # first\n      # carried on, or not\n", " # a\n # b\n\n  # c\n", " # d\n    # e\n"),
]


def laid_out(words: str, gaps: list[str]) -> str:
    """The words with the gaps between them, over and over, where they may stand."""
    text = ""
    turn = cycle(gaps)
    for word in WORD.findall(words):
        gap = next(turn)
        if word[0] == "~" and "\n" in gap:
            gap = " "
        if word[0] == "^" and "\n" not in gap:
            gap += "\n"
        text += gap + word.lstrip("~^")
    return text + next(turn)


FAR = st.builds(
    lambda one, other: f"{' ' * one}# far\n{' ' * other}# below, perhaps\n",
    st.integers(0, 60),
    st.integers(0, 60),
)
PLAIN = st.sampled_from([*SPACES, *BREAKS])
GAPS = st.one_of(PLAIN, st.sampled_from(COMMENTS), FAR)


def formatted(text: str) -> str:
    found = format_source(Source(text, "x"))
    assert found is not None
    return found


def meaning(text: str) -> str:
    """The tree without its spans."""
    file, wrong = parse(Source(text, "x"))
    assert wrong == []
    return re.sub(r"Span\(start=\d+, end=\d+\)", "", repr(file))


def pieces(text: str) -> list[str]:
    """Words and comments in order; the comments in a block's header as if behind its brace."""
    found: list[Piece] = []
    for piece in cut(text):
        if piece.text == "{":
            words = [i for i, one in enumerate(found) if not one.is_comment]
            header = found[words[-2] :]
            del found[words[-2] :]
            found += [one for one in header if not one.is_comment]
            found += [piece, *(one for one in header if one.is_comment)]
        else:
            found.append(piece)
    return [piece.text for piece in found]


def holds(text: str) -> None:
    """Everything that is true of a text and its layout."""
    once = formatted(text)
    assert meaning(once) == meaning(text)
    assert pieces(once) == pieces(text)
    assert formatted(once) == once
    is_canonical(once)


def is_canonical(text: str) -> None:
    assert text == "" or (text.endswith("\n") and not text.startswith("\n"))
    assert not re.search(r"[ \t\r]\n|\n{4}|\n\n$|\{\n\n|\n\n *\}|\n\n\n ", text)
    indents = [piece for piece in cut(text) if piece.breaks and piece.place is not Place.BELOW]
    assert {piece.column for piece in indents} <= {0, 4, 8}


@pytest.mark.parametrize("text", POLICIES)
def test_it_holds_for_every_policy_that_is_kept_here(text: str) -> None:
    if parse(Source(text, "x"))[1]:
        assert format_source(Source(text, "x")) is None
    else:
        holds(text)


@settings(max_examples=150)
@given(st.builds(laid_out, WORDS, st.lists(GAPS, min_size=1)))
def test_it_holds_for_any_policy_in_any_layout(text: str) -> None:
    holds(text)


@settings(max_examples=50)
@given(st.builds(laid_out, WORDS, st.lists(PLAIN, min_size=1)))
def test_the_spaces_in_a_line_do_not_count(text: str) -> None:
    wider = re.sub(r'("[^"]*")| +', lambda found: found[1] or "     ", text)
    assert formatted(wider) == formatted(text)
