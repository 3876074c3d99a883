"""A mistake of syntax in the user's words: what was expected, what is there, what to write.

The expected set of an LALR state is precise but long; a whole set of statement openers in it is
told as "another statement".
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from sipfo.grammar.diagnostic import Diagnostic, Edit, Fix, Label, one_of, quoted
from sipfo.grammar.mistake import Expected, Mistake
from sipfo.grammar.near import near
from sipfo.grammar.source import Span
from sipfo.grammar.vocabulary import BLOCKS, STATEMENTS, VALUES

PAGES: Final = {
    "SF001": "The file is not UTF-8 text. Save it as UTF-8; the first byte that is none is shown.",
    "SF002": "A word stands where the grammar has no place for it. The message says what can\n"
    "stand there; one mistake is told once and the statements after it are still read.",
    "SF003": "A block is opened and never closed. Write `}` after its last statement.",
    "SF005": "No such statement exists where it stands. Each kind of block has its own\n"
    "statements; the hint lists them, or names the one that was perhaps meant.",
    "SF006": "A text begins with a double quote and does not end on its line. There is no escape:\n"
    "a text holds any character that can be seen, but no double quote.",
    "SF007": "A character stands there that begins no word and is part of no text: a control\n"
    "character, one that turns the direction of writing, or a space that is not an ordinary one,\n"
    "often from copying out of a document.",
    "SF008": "A `}` closes nothing. Remove it, or look for a block that ends too early.",
}
"""What each code of the syntax means, for `sipfo explain`."""

TITLES: Final = {
    "SF001": "Unreadable text",
    "SF002": "Unexpected word",
    "SF003": "Unclosed block",
    "SF005": "Unknown statement",
    "SF006": "Unclosed text",
    "SF007": "Stray character",
    "SF008": "Stray brace",
}
"""Each code's title, as far as its place does not ask for another."""

FORMS: Final = {
    frozenset({"sequential", "round-robin", "weighted"}): (
        "write `routes sequential a, b`, `routes round-robin a, b` or `routes weighted a 70, b 30`"
    ),
    frozenset({"udp", "tcp", "tls"}): "write `listen udp 192.0.2.10:5060`",
    frozenset({"from", "anyone", "credential"}): (
        'write `accept from 203.0.113.0/24`, `accept credential "acme" password secret ACME_PW` '
        "or `accept anyone`"
    ),
    frozenset({"secret"}): "name it, `password secret ALICE_PW`: a policy holds no password",
    frozenset({"certificate"}): 'write `certificate "/etc/sipfo/tls.pem"` after the address',
    frozenset({"second"}): "write `20 per second`",
    frozenset({"every"}): "write `probe every 30s down after 3 up after 2`",
    frozenset({"on"}): "write `failover on`, `stop on` or `commit on`, then the outcomes",
}
"""What to write where exactly these keywords could stand."""

_REMARKS: Final = ("//", "/*", "--", "<!--", ";")
"""What a comment begins with elsewhere."""
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z-]*")


def tell(mistake: Mistake, where: str) -> Diagnostic:
    """The diagnostic for a mistake in a `where` block ("file" outside)."""
    found = mistake.found
    if mistake.character and found is not None:
        return _character(mistake.span, found)
    if found == "}" and where == "file" and mistake.expected.end:
        message = "nothing is open here that `}` could close"
        return Diagnostic("SF008", "error", "Stray brace", message, mistake.span, "closes nothing")
    if found is not None and _WORD.fullmatch(found) and _only_statements(mistake.expected, where):
        return unknown_statement(mistake.span, found, where)
    wanted = _wanted(mistake.expected, where)
    there = quoted(found) if found is not None else "the end of the statement"
    return Diagnostic(
        "SF002",
        "error",
        "Unexpected word" if found is not None else "Unfinished statement",
        f"expected {wanted}, found {there}",
        mistake.span,
        "not expected here" if found is not None else "ends too early",
        hint=_hint(mistake),
        fix=Fix((Edit(mistake.span, ""),), "remove the `;`") if found == ";" else None,
    )


def unknown_statement(span: Span, word: str, where: str) -> Diagnostic:
    """A word that opens no statement in this kind of block."""
    openers = STATEMENTS[where]
    place = "a file" if where == "file" else f"a `{where}` block"
    owners = [f"`{block}`" for block in BLOCKS if word in STATEMENTS[block]]
    meant = near(word, openers)
    if meant:
        hint = f"did you mean {one_of([f'`{name}`' for name in meant])}?"
    elif word in STATEMENTS["file"]:
        hint = f"`{word}` stands outside of all blocks; is a `}}` missing before it?"
    elif owners:
        hint = f"`{word}` belongs in a {one_of(owners)} block"
        if where == "file":
            hint += "; does one end too early?"
    elif word.startswith(_REMARKS):
        hint = "a comment begins with `#`"
    else:
        hint = f"{place} holds {one_of([f'`{name}`' for name in openers], 'and')}"
    message = f"{place} has no such statement: {quoted(word)}"
    return Diagnostic("SF005", "error", "Unknown statement", message, span, "unknown", hint=hint)


def unclosed(opening: Span, end: Span, kind: str) -> Diagnostic:
    """A block without its `}`: told at its opening line."""
    message = f"this `{kind}` block is never closed"
    return Diagnostic(
        "SF003",
        "error",
        "Unclosed block",
        message,
        opening,
        "opened here",
        (Label(end, "a `}` is missing before here"),),
        "write `}` after its last statement",
    )


def opened_twice(second: Span, first: Span) -> Diagnostic:
    """A block with two `{` and one `}`."""
    return Diagnostic(
        "SF002",
        "error",
        "Unexpected word",
        "expected a statement, found `{`",
        second,
        "opened again",
        (Label(first, "opened here"),),
        "remove one of the two `{`",
        Fix((Edit(second, ""),), "remove the second `{`"),
    )


def no_user(span: Span) -> Diagnostic:
    """`to registered` in a carrier, which nobody registers for."""
    told = unknown_statement(span, "to registered", "carrier")
    return replace(told, hint="write `to sip:HOST`; a user registers for a `route`")


def misplaced(span: Span, word: str, where: str) -> Diagnostic:
    """A statement of the file that stands in a block which goes on after it."""
    told = unknown_statement(span, word, where)
    return replace(told, hint=f"`{word}` stands outside of all blocks: move it out of this one")


def dangling(unfinished: Diagnostic, mark: str, span: Span) -> Diagnostic:
    """The same for a statement that ends in `,`, which can go, or in `..`, which cannot."""
    if mark == ",":
        fix = Fix((Edit(span, ""),), "remove the `,`")
        return replace(unfinished, hint="remove the `,` or write what follows it", fix=fix)
    return replace(unfinished, hint="write the last number of the range after `..`")


def _character(span: Span, found: str) -> Diagnostic:
    if found == '"':
        message = "a text begins here and does not end on its line"
        hint = 'write `"` where the text ends'
        return Diagnostic(
            "SF006", "error", "Unclosed text", message, span, "begins here", hint=hint
        )
    message = f"a character that cannot stand here: U+{ord(found):04X}"
    hint = "write an ordinary space" if found.isspace() else "remove it"
    return Diagnostic("SF007", "error", "Stray character", message, span, "here", hint=hint)


def _only_statements(expected: Expected, where: str) -> bool:
    """Whether nothing but a new statement or the end of the block could follow."""
    rest = expected.keywords - set(STATEMENTS[where]) - {"}"}
    return not rest and not expected.values and set(STATEMENTS[where]) <= expected.keywords


def _wanted(expected: Expected, where: str) -> str:
    keywords = set(expected.keywords)
    statements = set(STATEMENTS[where])
    another = statements <= keywords
    if another:
        keywords -= statements
    parts = [VALUES[value] for value in sorted(expected.values)]
    parts += [f"`{word}`" for word in sorted(keywords, key=lambda w: (not w.isalpha(), w))]
    if another or (expected.end and parts):
        parts.append("another statement" if where != "file" else "a new statement")
    return one_of(parts) or "the end"


def _hint(mistake: Mistake) -> str | None:
    found, expected = mistake.found, mistake.expected
    form = FORMS.get(expected.keywords)
    if found is None:
        return form
    meant = near(found, expected.keywords)
    if meant:
        return f"did you mean {one_of([f'`{name}`' for name in meant])}?"
    if form is not None:
        return form
    if found in ("=", ";", ":"):
        return f"remove `{found}`: a value follows its word, and a statement ends by itself"
    if "," in expected.keywords and re.match(r"[+0-9A-Za-z]", found):
        return "write `,` between the parts of a list"
    if "STRING" in expected.values:
        return f'write the text in double quotes: "{found[:32]}"'
    return None
