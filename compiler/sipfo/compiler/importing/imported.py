"""What an importer makes of somebody's configuration: a draft, and what it did not understand.

Every importer is a function from bytes to this; it raises NotImportable where there is nothing to
make a policy of. What would surprise: a draft always compiles, so what the configuration lacks (an
address to listen on, a number) is an example, and a remark says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.compiler.draft.draft import Draft


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a policy does not say, or says in another way; `line` counts from 1, 0 is the
    file as a whole; `file` is there where a folder was read."""

    line: int
    text: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """A draft, and the remarks in the order of the file."""

    draft: Draft
    remarks: tuple[Remark, ...]


class NotImportable(ValueError):
    """There is nothing in the file to make a policy of; the message says what was looked for."""
