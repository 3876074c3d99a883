"""A statement's rule as the forms that people write: `accept from NETWORK, …`.

Words stand bare, values in capitals; `[ ]` may be left out, `|` is a choice, `, …` goes on as a list.
"""

from __future__ import annotations

from docs.notation import Alt, Expr, Literal, Ref, Repeat, Seq


def first_words(expr: Expr) -> tuple[str, ...]:
    """The words that an expression can begin with."""
    match expr:
        case Literal(text):
            return (text,)
        case Seq(parts):
            return first_words(parts[0])
        case Alt(choices):
            return tuple(word for choice in choices for word in first_words(choice))
        case Ref() | Repeat():
            return ()


def beginning_with(word: str, expr: Expr) -> tuple[Expr, ...]:
    """What of an expression's choices begins with a word."""
    match expr:
        case Alt(choices):
            return tuple(one for choice in choices for one in beginning_with(word, choice))
        case Seq((head, *rest)):
            return tuple(Seq((one, *rest)) for one in beginning_with(word, head))
        case _:
            return (expr,) if word in first_words(expr) else ()


def without_body(statement: Expr) -> Expr:
    """A block's statement as far as its opening brace; another is as it was."""
    match statement:
        case Seq((*head, Literal("{"), _, Literal("}"))):
            return Seq(tuple(head))
        case _:
            return statement


def form(expr: Expr) -> str:
    """An expression as people write it."""
    match expr:
        case Literal(text):
            return text
        case Ref(name):
            return name
        case Alt(choices):
            return " | ".join(form(choice) for choice in choices)
        case Repeat(part, "?"):
            return f"[{form(part)}]"
        case Repeat(Seq((Literal(","), _)), "*"):
            return ", …"
        case Repeat():
            return "…"
        case Seq(parts):
            return _joined(parts)


def _joined(parts: tuple[Expr, ...]) -> str:
    text = ""
    for part in parts:
        if not isinstance(part, Alt):
            piece = form(part)
        else:
            piece = f"({form(part)})"
        text += piece if not text or piece.startswith(",") else f" {piece}"
    return text
