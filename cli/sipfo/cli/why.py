"""`sipfo why`: rule by rule, with the policy's lines, why a recorded call went where it went."""

from __future__ import annotations

import json
from typing import Any

import click

from sipfo.cli.calls import RECORDS, rows
from sipfo.cli.reading import Unusable, read_policy
from sipfo.cli.terminal import style
from sipfo.compiler.pipeline import Compilation
from sipfo.compiler.whence import Whence
from sipfo.grammar.source import Sources, Span
from sipfo.plan.choice import settle
from sipfo.plan.codec import fingerprint
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.runtime.row import Row, unix
from sipfo.runtime.wanted import Wanted
from sipfo.verify.draw import UNRESOLVED, head, result_paint, result_sentence
from sipfo.verify.style import Paint, Style
from sipfo.verify.why.explain import Explanation, explain
from sipfo.verify.why.verdict import Reason
from sipfo.verify.words import duration, printable


@click.command("why")
@click.argument("call", metavar="CALL")
@click.option(
    "--policy",
    "file",
    required=True,
    envvar="SIPFO_POLICY",
    metavar="FILE",
    help="The policy that the call went by. [env: SIPFO_POLICY]",
)
@RECORDS
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Words to read, or one JSON object for each call.",
)
def command(call: str, file: str, book: str, form: str) -> None:
    """Say rule by rule why a call went where it went.

    CALL is the call's name as `sipfo run` and `sipfo calls` show it, its last part, or the
    caller's Call-ID; all calls that it fits are explained.
    """
    plan, compilation = read_policy(file)
    found = list(rows(book, Wanted(call=call)))
    if not found:
        raise Unusable(f"{book} has no call {printable(call)}: `sipfo calls {book}` lists them")
    texts = [_told(plan, compilation, row, form) for row in found]
    click.echo(("\n" if form == "json" else "\n\n").join(texts))


def _told(plan: Plan, compilation: Compilation, row: Row, form: str) -> str:
    """One call's explanation. Raises Unusable."""
    now = fingerprint(plan)
    plan = settle(plan, unix(row.began), row.number)
    trunk = next((one for one in plan.trunks if one.name == row.trunk), None)
    if trunk is None and any(one.name == row.trunk for one in plan.registrars):
        raise Unusable(
            f"another instance passed call {row.call} on, for {printable(row.number)} of registrar"
            f" {printable(row.trunk)}: that instance's records say why it went here"
        )
    if trunk is None:
        raise Unusable(
            f"{compilation.source.path} has no trunk {printable(row.trunk)}, whose call {row.call}"
            " was: give the policy as it was then"
        )
    assert compilation.policy is not None  # there when the plan is
    whence, rang = Whence(compilation.policy), row.rang is not None
    try:
        told = (plan, whence, trunk, row.number, row.ladder)
        why = explain(*told, rang=rang, notes=row.notes)
    except ValueError as error:
        raise Unusable(f"the record of call {row.call} cannot be read: {error}") from None
    caution = _caution(row.plan, now, compilation.source.path)
    if form == "json":
        return json.dumps(_as_dict(row, why, compilation.source, caution))
    return _drawn(row, why, compilation.source, caution, style())


def _caution(then: str, now: str, path: str) -> str | None:
    """What is not certain about the policy."""
    if not then:
        return f"the record does not say which policy it went by: this is what {path} says now"
    if then != now:
        return f"it went by another policy than {path} is now: the reasons may have been others"
    return None


def _drawn(row: Row, why: Explanation, source: Sources, caution: str | None, look: Style) -> str:
    # Not validated: a row may come from a plan, or a hand, that had other rules for names.
    about = Scenario.model_construct(name=row.call, trunk=row.trunk, number=row.number)
    who = f"{row.began}  {printable(row.caller)} at {printable(row.source)}"
    lines = [head(about, look), f"  {look.paint(who, 'dim')}"]
    lines += _reasons(why.call, source, look, "  ")
    for number, (attempt, reasons) in enumerate(zip(row.attempts, why.attempts, strict=True), 1):
        outcome = f"{attempt.outcome} {printable(attempt.phrase)}".rstrip()
        paint: Paint = "green" if attempt.outcome.startswith("2") else "yellow"
        lines.append("")
        lines.append(
            f"  {number}  {attempt.egress} {look.signs.to} {attempt.place}"
            f"  {attempt.target or UNRESOLVED}  {look.paint(outcome, paint)}"
            f"  {look.paint(f'{duration(attempt.at)} + {duration(attempt.took)}', 'dim')}"
        )
        lines += _reasons(reasons, source, look, "     ")
    result = row.ladder.result
    words = look.paint(result_sentence(result), result_paint(result))
    lines.append("")
    lines.append(f"  {look.signs.result} {words} after {duration(row.elapsed)}")
    lines += _reasons(why.result, source, look, "     ")
    if caution is not None:
        lines += ["", f"  {look.paint(caution, 'yellow')}"]
    return "\n".join(lines)


def _reasons(reasons: tuple[Reason, ...], source: Sources, look: Style, indent: str) -> list[str]:
    lines = []
    for reason in reasons:
        lines.append(f"{indent}{printable(reason.words)}")
        if reason.place is not None:
            where = look.paint(_where(source, reason.place), "dim")
            lines.append(f"{indent}    {where}  {_line(source, reason.place)}")
    return lines


def _where(source: Sources, span: Span) -> str:
    at = source.position(span.start)
    return f"{source.of(span.start).path}:{at.line}:{at.column}"


def _line(source: Sources, span: Span) -> str:
    file = source.of(span.start)
    return printable(file.line(file.position(span.start).line).strip().replace("\t", " "))


def _as_dict(row: Row, why: Explanation, source: Sources, caution: str | None) -> dict[str, Any]:
    def told(reasons: tuple[Reason, ...]) -> list[dict[str, Any]]:
        return [_reason(one, source) for one in reasons]

    attempts = [
        {
            "egress": one.egress,
            "route": one.route,
            "level": one.level,
            "target": one.target,
            "outcome": one.outcome,
            "why": told(reasons),
        }
        for one, reasons in zip(row.attempts, why.attempts, strict=True)
    ]
    return {
        "call": row.call,
        "call_id": row.call_id,
        "trunk": row.trunk,
        "number": row.number,
        "why": told(why.call),
        "attempts": attempts,
        "result": {
            "kind": row.result,
            "code": row.code,
            "by": row.by,
            "why": told(why.result),
        },
        "caution": caution,
    }


def _reason(reason: Reason, source: Sources) -> dict[str, Any]:
    if reason.place is None:
        return {"words": reason.words}
    at = source.position(reason.place.start)
    return {
        "words": reason.words,
        "file": source.of(reason.place.start).path,
        "line": at.line,
        "column": at.column,
        "text": _line(source, reason.place),
    }
