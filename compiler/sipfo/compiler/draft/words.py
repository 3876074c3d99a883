"""Values of a plan to words of a policy; what the language has no word for is refused.

What would surprise: every value is looked at once more, although a plan is made of values that were
read before, because an importer's plan is made of somebody else's file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import Final

from sipfo.compiler.values.name import LONGEST
from sipfo.plan import model

_NAME: Final = re.compile(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{LONGEST - 1}}}")
_WORD: Final = re.compile(r'(?:(?!\.\.)[^\s{},"#\x00-\x1f\x7f])+')
_QUOTED: Final = re.compile(r'[^"\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*')
_SIP_PORT: Final = 5060
_LONGEST_COMMENT: Final = 200


class Unwritable(ValueError):
    """The language has no words for a part of the plan; the message says which."""


def word(text: str) -> str:
    """A value that stands as it is. Raises Unwritable."""
    if _WORD.fullmatch(text) is None:
        raise Unwritable(f"no word of a policy: {text!r}")
    return text


def name(text: str) -> str:
    """A name that a block may have. Raises Unwritable."""
    if _NAME.fullmatch(text) is None:
        raise Unwritable(f"no name of a policy: {text!r}")
    return text


def a_name(wanted: str, taken: Iterable[str], otherwise: str) -> str:
    """A name like the one that is wanted, that a block may have and no other has."""
    used = set(taken)
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", wanted).strip("-")[: LONGEST - 8]
    if clean and not re.match("[A-Za-z_]", clean):
        clean = f"{otherwise}-{clean}"[: LONGEST - 8]
    clean = clean or otherwise
    made, count = clean, 1
    while made in used:
        count += 1
        made = f"{clean}-{count}"
    return made


def quoted(text: str) -> str:
    """A string. Raises Unwritable: a quote and a control character have no escape."""
    if _QUOTED.fullmatch(text) is None:
        raise Unwritable(f"no string of a policy: {text!r}")
    return f'"{text}"'


def comment(text: str) -> str:
    """A comment of one line, whatever the text is."""
    seen = "".join(c if c.isprintable() else " " for c in text)
    short = seen if len(seen) <= _LONGEST_COMMENT else f"{seen[: _LONGEST_COMMENT - 1]}…"
    return f"# {short}".rstrip()


def endpoint(host: str, port: int, default: int = _SIP_PORT) -> str:
    """An address, and its port where it is not the default."""
    if port == default:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def duration(seconds: float) -> str:
    """A span of time. Raises Unwritable below a microsecond."""
    exact = Decimal(str(seconds))
    written = f"{exact:f}"
    whole, _, part = written.partition(".")
    part = part.rstrip("0")
    if len(part) > 6:
        raise Unwritable(f"a time of less than microseconds: {seconds} s")
    if not part and int(whole) >= 60 and int(whole) % 60 == 0:
        return f"{int(whole) // 60}m"
    if exact < 1 and len(part) <= 3:
        return f"{int(exact * 1000)}ms"
    return f"{whole}.{part}s" if part else f"{whole}s"


def credential(one: model.Credential) -> str:
    """A digest user and the name of its password's secret."""
    return f"{quoted(one.user)} password secret {word(one.secret)}"


def limit(one: model.Limit) -> str:
    """`200 calls, 20 per second`; "" for none."""
    parts = [f"{one.calls} calls"] if one.calls is not None else []
    parts += [f"{one.per_second} per second"] if one.per_second is not None else []
    return ", ".join(parts)


def probe(one: model.Probe) -> str:
    """`every 30s down after 3 up after 2`."""
    return f"every {duration(one.every)} down after {one.down_after} up after {one.up_after}"


def numbers(one: model.Numbers) -> str:
    """A range, a beginning or `any`."""
    match one:
        case model.NumberRange(first=first, last=last):
            return f"{first} .. {last}"
        case model.NumberPrefix(prefix=prefix):
            return prefix
        case model.AnyNumber():
            return "any"


def rules(retry: model.Retry) -> Iterator[str]:
    """The lists of a retry policy, in its order: a list for each run of one verdict."""
    for verdict, run in groupby(retry.rules, key=lambda rule: rule.verdict):
        for is_cause, same in groupby(run, key=lambda rule: isinstance(rule.match, model.OnCause)):
            matches = ", ".join(_match(rule.match) for rule in same)
            yield f"{verdict} on {'cause ' if is_cause else ''}{matches}"


def _match(match: model.Match) -> str:
    match match:
        case model.OnLocal(outcome=outcome):
            return outcome
        case model.OnCode(code=code):
            return str(code)
        case model.OnRange(first=first, last=last):
            is_class = first % 100 == 0 and last == first + 99
            return f"{first // 100}xx" if is_class else f"{first}-{last}"
        case model.OnTag(code=code, tag=tag):
            return f"{code} tagged {quoted(tag)}"
        case model.OnCause(cause=cause):
            return str(cause)


def moments(retry: model.Retry) -> str:
    """The commit points of a retry policy."""
    return ", ".join(
        str(one.code) if isinstance(one, model.CommitOnCode) else one.point for one in retry.commit
    )
