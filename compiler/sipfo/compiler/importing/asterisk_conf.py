"""An Asterisk configuration file to its sections, with the line of everything.

Comments, templates (`[name](!)`, `[name](template)`) and both signs, `=` and `=>`, are Asterisk's.
What would surprise: nothing is included. A file that is asked for by `#include` is told, and so is
every line that is none of these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from sipfo.compiler.importing.imported import NotImportable, Remark

MOST_LINES: Final = 50_000
_SECTION: Final = re.compile(r"\[([^\]]{1,128})\](?:\(([^)]*)\))?\s*")
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """`key = value` at a line."""

    key: str
    value: str
    line: int


@dataclass(slots=True)
class Section:
    """`[name]` at a line, with what it has from its templates first."""

    name: str
    line: int
    settings: list[Setting] = field(default_factory=list)
    template: bool = False

    def last(self, key: str) -> Setting | None:
        """What counts of a key: the latest."""
        found = [one for one in self.settings if one.key == key]
        return found[-1] if found else None

    def said(self, key: str) -> str:
        setting = self.last(key)
        return "" if setting is None else setting.value


def read_sections(data: bytes, file: str) -> tuple[list[Section], list[Remark]]:
    """The sections of a file, and its lines that are none. Raises NotImportable."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise NotImportable(f"{file} is no text: byte {error.start} is not UTF-8") from None
    if len(lines) > MOST_LINES:
        raise NotImportable(f"{file} has more than {MOST_LINES} lines")
    sections: list[Section] = []
    remarks: list[Remark] = []
    templates: dict[str, list[Setting]] = {}
    block = False
    for number, line in enumerate(lines, 1):
        text, block = _code(line, block)
        if not text:
            continue
        found = _SECTION.fullmatch(text)
        if found is not None:
            options = [one.strip() for one in (found[2] or "").split(",") if one.strip()]
            section = Section(found[1].strip(), number, template="!" in options)
            for option in options:
                if option in templates:
                    section.settings += templates[option]
                elif option not in ("!", "+"):
                    remarks.append(Remark(number, f"no template: {option[:_SHOWN]!r}", file))
            sections.append(section)
            if section.template:
                templates[section.name] = section.settings
            continue
        key, sign, value = text.partition("=")
        if not sign or not sections or text.startswith("#"):
            remarks.append(Remark(number, f"not understood: {text[:_SHOWN]!r}", file))
            continue
        value = value.removeprefix(">").strip()
        sections[-1].settings.append(Setting(key.strip().lower(), value, number))
    return sections, remarks


def _code(line: str, block: bool) -> tuple[str, bool]:
    """A line without its comments (`;` unless escaped, and `;--` to `--;`)."""
    if block:
        _, closed, line = line.partition("--;")
        if not closed:
            return "", True
    text = re.sub(r";--(?!-).*?--;", "", line)
    opened = re.search(r";--(?!-)", text)
    if opened is not None:
        return text[: opened.start()].strip(), True
    return re.split(r"(?<!\\);", text)[0].strip(), False
