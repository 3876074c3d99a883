"""A file or a library that is imported cannot be read.

Avoid: `import telnix`; `import "carriers"` when the file is `carriers.sipfo`.
Prefer: `import telnyx` for a bundled library, `import "carriers.sipfo"` for a file beside this one.
Why: the policy would lack names, or have others; half of a policy carries no calls.
"""

from __future__ import annotations

from typing import Final

from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, one_of, quoted
from sipfo.grammar.near import near
from sipfo.grammar.source import Span

CODE: Final = "SF205"
TITLE: Final = "Import failed"


def no_library(statement: tree.ImportLibrary, libraries: tuple[str, ...]) -> Diagnostic:
    """No bundled library has the name."""
    name = statement.name.text
    meant = near(name, libraries)
    if meant:
        hint = f"did you mean {one_of([quoted(other) for other in meant])}?"
    elif "." in name or "/" in name:
        hint = f'the name of a file stands in double quotes: `import "{name[:32]}"`'
    else:
        hint = f"there are {one_of([quoted(other) for other in libraries], 'and')}"
    return _error(f"no library is called {quoted(name)}", statement.name.span, hint)


def no_file(
    statement: tree.ImportFile, reason: str, beside: tuple[str, ...], libraries: tuple[str, ...]
) -> Diagnostic:
    """The file cannot be read; `beside` are the names of those that could be meant."""
    name = statement.path.text
    beside = tuple(one for one in beside if one.endswith(".sipfo"))
    meant = _alike(name, beside)
    if name in libraries:
        hint: str | None = f"without quotes it is the bundled library: `import {name}`"
    elif f"{name}.sipfo" in beside:
        hint = f"did you mean {_in_quotes(f'{name}.sipfo')}?"
    elif meant:
        hint = f"did you mean {one_of([_in_quotes(other) for other in meant])}?"
    else:
        hint = None
    if not name:
        hint = 'write the name of a file beside this one: `import "carriers.sipfo"`'
    return _error(f"{quoted(name)} cannot be read: {reason}", statement.path.span, hint)


def _alike(name: str, beside: tuple[str, ...]) -> tuple[str, ...]:
    """Files with the same letters, or with a stem like the one that is wanted."""
    same = [one for one in beside if one.lower() in (name.lower(), f"{name}.sipfo".lower())]
    stems = {one.removesuffix(".sipfo"): one for one in beside}
    stem = name[: -len(".sipfo")] if name.lower().endswith(".sipfo") else name
    return tuple(same) or tuple(stems[one] for one in near(stem, stems))


def _in_quotes(name: str) -> str:
    return quoted(f'"{name}"')


def too_many(statement: tree.Node, most: int) -> Diagnostic:
    """The policy is spread over more files than are read."""
    message = f"a policy has at most {most} files, with all that it imports"
    return _error(message, statement.span, "write some of them into one")


def too_deep(statement: tree.Node, deepest: int) -> Diagnostic:
    """A file that imports a file that imports a file, and so on."""
    message = f"imports go at most {deepest} files deep"
    return _error(message, statement.span, "import it from the policy itself")


def _error(message: str, span: Span, hint: str | None) -> Diagnostic:
    return Diagnostic(CODE, "error", TITLE, message, span, "imported here", hint=hint)
