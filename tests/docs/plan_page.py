"""docs/plan.md: the plan's fields from its model, and the plan of the page's own policy.

Types are told by the names that plan/model.py gives them, so that a reader of the page finds them
again in the code and in the schema.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, cast, get_args, get_origin

from pydantic import AfterValidator
from pydantic.fields import FieldInfo

from docs.markdown import code, fenced, page, table
from sipfo.compiler.pipeline import compile_source
from sipfo.grammar.diagnostic import one_of
from sipfo.plan import model
from sipfo.plan.codec import write_plan

KINDS: Final = {
    "Name": "the name of a thing, unique among its kind",
    "Port": "a UDP or TCP port",
    "Seconds": "a time in seconds",
    "Code": "the status code of a final response but 2xx",
    "Number": "a telephone number in E.164 form",
    "Prefix": "the beginning of one",
    "Address": "an IPv4 or IPv6 address, without brackets",
    "Network": "a network in CIDR form",
    "Uri": "a SIP URI",
    "Host": "a domain name",
    "User": "the part of a SIP URI before `@`",
    "SecretName": "the name of a secret, which is looked up when the plan is run",
    "Path": "a file on the machine that runs the plan",
    "Money": "a decimal number as text, so that nothing is rounded",
    "Count": "a whole number",
    "Weight": "a weight as SRV records have it (RFC 2782)",
    "Transport": "what carries SIP",
    "Verdict": "what an outcome means for the call",
    "LocalOutcome": "an outcome that is made here, not received",
    "Match": "what a rule matches, told apart by `kind`",
    "Commit": "a commit point, told apart by `kind`",
    "Numbers": "a set of called numbers, told apart by `kind`",
}
"""What each named type is for; a test holds it to the model."""

_PLAIN: Final = {"str": "text", "int": "integer", "float": "number", "bool": "boolean"}


def plan_page(head: str) -> str:
    """What follows the marker; `head` is what stands before it."""
    return page(
        "## Its plan",
        "`sipfo compile` makes this of the policy above:",
        fenced("json", _example(head)),
        "## Fields",
        f"This is version {model.PLAN_VERSION}. Every object has these keys and no others. A key "
        "without a value is left out, never `null`.",
        *_objects(),
        "## Types",
        table(("type", "is", "as JSON", "must be"), _kinds()),
    )


def _example(head: str) -> str:
    """The plan of the head's policy."""
    found = re.search("```sipfo\n(.*?)```", head, re.DOTALL)
    made = compile_source(found[1] if found else "", "policy.sipfo")
    if made.plan is None:
        raise ValueError("the head of docs/plan.md has no policy that compiles")
    return write_plan(made.plan)


def parts() -> list[type[model.Part]]:
    """Every object of the plan: the plan itself, then in the model's order."""
    found = [
        one
        for one in vars(model).values()
        if inspect.isclass(one) and issubclass(one, model.Part) and one is not model.Part
    ]
    return [model.Plan, *(one for one in found if one is not model.Plan)]


def kinds() -> dict[str, Any]:
    """The named types that the plan's keys have, by name."""
    written = " ".join(text for part in parts() for text in inspect.get_annotations(part).values())
    return {
        name: value
        for name, value in vars(model).items()
        if get_origin(value) in (Annotated, Literal) and re.search(rf"\b{name}\b", written)
    }


def _objects() -> Iterator[str]:
    for part in parts():
        yield f"### {part.__name__}"
        yield inspect.cleandoc(part.__doc__ or "")
        rows = [_field(part, name, field) for name, field in part.model_fields.items()]
        yield table(("key", "value", "without it"), rows)


def _field(part: type[model.Part], name: str, field: FieldInfo) -> tuple[str, str, str]:
    written = inspect.get_annotations(part)[name]
    value = _type(ast.parse(written, mode="eval").body)
    if written.startswith("Annotated"):
        value += _bounds(field.metadata, "of them" if "tuple" in written else "characters")
    return code(name), value, _without(written, field)


def _without(written: str, field: FieldInfo) -> str:
    """What a reader of the plan does when the key is missing."""
    told_apart_by_it = re.fullmatch(r"Literal\[[^,]*\]", written)
    if field.is_required() or told_apart_by_it:
        return "refused"
    if field.default is None:
        return "there is none"
    return "an empty list" if field.default == () else code(json.dumps(field.default))


def _type(node: ast.expr) -> str:
    """A type as written in the model, in words, with links to what it names."""
    match node:
        case ast.BinOp(left=left, right=ast.Constant(value=None)):
            return _type(left)
        case ast.BinOp(left=left, right=right):
            return f"{_type(left)} or {_type(right)}"
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[one, _])):
            return f"list of {_type(one)}"
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[one, *_])):
            return _type(one)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=choices)):
            return one_of([_type(choice) for choice in choices])
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choice):
            return _type(choice)
        case ast.Constant(value=str() | int() as value):
            return code(json.dumps(value))
        case ast.Name(id=name) if name in _PLAIN:
            return _PLAIN[name]
        case ast.Name(id=name) if name in KINDS:
            return f"[{name}](#type-{name.lower()})"
        case ast.Name(id=name):
            return f"[{name}](#{name.lower()})"
        case _:
            raise ValueError(f"no words for the type {ast.unparse(node)}")


def _kinds() -> Iterator[tuple[str, str, str, str]]:
    for name, kind in kinds().items():
        yield f'<a id="type-{name.lower()}"></a>{name}', KINDS[name], *_as_json(kind)


def _as_json(kind: object) -> tuple[str, str]:
    """A named type's JSON and its constraint."""
    if get_origin(kind) is Literal:
        return "text", one_of([code(f'"{one}"') for one in get_args(kind)])
    plain, *constraints = get_args(kind)
    if get_args(plain):
        return "object", one_of([_type(ast.Name(one.__name__)) for one in get_args(plain)])
    return _PLAIN[cast(type, plain).__name__], _bounds(constraints).removeprefix(", ")


def _bounds(metadata: list[object], counted: str = "characters") -> str:
    """Constraints in words, each after a comma; `counted` is what a length counts."""
    found = []
    for one in metadata:
        if isinstance(one, FieldInfo):
            return _bounds(one.metadata, counted)
        if isinstance(one, AfterValidator):
            found.append(_lower((one.func.__doc__ or "").partition(".")[0]))
        elif pattern := getattr(one, "pattern", None):
            found.append(f"matching `{pattern}`")
    found += _range(metadata, "ge", "le", "")
    found += _range(metadata, "min_length", "max_length", f" {counted}")
    return "".join(f", {one}" for one in found)


def _range(metadata: list[object], lower: str, upper: str, counted: str) -> list[str]:
    """One or two bounds as "1 to 3", "at least 1" or "at most 3"."""
    least, most, above = (
        next((value for one in metadata if (value := getattr(one, name, None)) is not None), None)
        for name in (lower, upper, "gt" if lower == "ge" else "")
    )
    if least is not None and most is not None:
        return [f"{least} to {most}{counted}"]
    limits = (("more than", above), ("at least", least), ("at most", most))
    return [f"{words} {value}{counted}" for words, value in limits if value is not None]


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
