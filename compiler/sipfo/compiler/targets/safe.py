"""Text that a target's encoder has made harmless, and the one door through which templates fill in.

What would surprise: a template that prints a plain string, also one of its own, does not render at
all. Only what an encoder returned goes through, so that a name cannot become a statement.
"""

from __future__ import annotations

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

_ROOM: Final = "sipfo.compiler.targets"


class Safe(str):
    """Text as it stands in the output. Every context has its own subclass, made by its encoder
    alone."""

    __slots__ = ()


class NotSafe(TypeError):
    """A template prints what no encoder has seen: a mistake in the template, never in a policy."""


class CannotSay(ValueError):
    """A value that the target's syntax has no way to write; the message says which and why."""


def templates(target: str) -> Environment:
    """The templates of one target's folder."""
    return Environment(
        loader=PackageLoader(f"{_ROOM}.{target}"),
        undefined=StrictUndefined,
        finalize=_finalize,
        autoescape=False,  # the output is no HTML: each context has its own encoder
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _finalize(value: object) -> str:
    """What is printed for `{{ value }}`. Raises NotSafe."""
    if isinstance(value, Safe):
        return value
    if type(value) is int:
        return str(value)
    raise NotSafe(f"{value!r} is no Safe text")
