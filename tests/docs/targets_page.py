"""docs/targets.md: what each target does with what a policy can say, from the targets' own tables."""

from __future__ import annotations

from typing import Final

from docs.markdown import code, page, table
from sipfo.cli.targets import TARGETS, UNVERIFIED
from sipfo.compiler.targets.freeswitch.capabilities import SAYINGS as FREESWITCH
from sipfo.compiler.targets.telnyx.capabilities import CAPABILITIES as TELNYX
from sipfo.plan.construct import Construct, Support

_WORDS: Final = {"same": "same", "approximated": "approximated: {how}", "refused": "refused: {how}"}

_INTRODUCTION: Final = """\
## What a policy says, target by target

`sipfo check --target NAME` says the same of a policy, where it stands. *Same*: as [the language](language.md) has it.
*Approximated*: a warning, and the way in which it differs. *Refused*: an error, and what to write instead; nothing is
written for that target."""


_FREESWITCH: Final = """\
## What FreeSWITCH does besides

What depends on more than one part of a policy, or on all of it; `sipfo check --target freeswitch` says it where it
stands."""

_TELNYX: Final = """\
## What a policy says to Telnyx's API

`sipfo check --target telnyx` says the same of a policy, where it stands. Everything that is not here can be said
([telnyx.md](telnyx.md))."""


def targets_page() -> str:
    """The table: a row for each construct, a column for each target."""
    rows = [
        [code(construct.value), *(_said(tables[construct]) for tables in TARGETS.values())]
        for construct in Construct
    ]
    rows.append(["everything else", *("same" for _ in TARGETS)])
    rows.append(["seen running", *(_seen(name) for name in TARGETS)])
    besides = [[code(saying.value), _said(support)] for saying, support in FREESWITCH.items()]
    said = [[code(saying.value), _said(support)] for saying, support in TELNYX.items()]
    return page(
        _INTRODUCTION,
        table(["", *TARGETS], rows),
        _FREESWITCH,
        table(["", "freeswitch"], besides),
        _TELNYX,
        table(["", "telnyx"], said),
    )


def _seen(name: str) -> str:
    return f"**no**: {UNVERIFIED[name]}" if name in UNVERIFIED else "yes"


def _said(support: Support) -> str:
    return _WORDS[support.level].format(how=support.how)
