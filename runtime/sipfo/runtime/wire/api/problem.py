"""What went wrong with a request, in the shape that Telnyx gives its errors.

`{"errors": [{"code", "title", "detail", "source": {"pointer"}}]}`. A code that begins with SF is a
diagnostic of the compiler, which `sipfo explain` knows; the others are Telnyx' where it has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ValidationError

BAD_REQUEST: Final = "10015"
NOT_AUTHENTICATED: Final = "10009"
NOT_FOUND: Final = "10005"
INVALID: Final = "10015"


class SourceShape(BaseModel):
    """Where in the request: a JSON pointer (RFC 6901), or the name of a query parameter."""

    pointer: str | None = None
    parameter: str | None = None


class ErrorShape(BaseModel):
    """One thing that is wrong. `meta` has the place in the policy for one of the compiler's."""

    code: str
    title: str
    detail: str
    source: SourceShape | None = None
    meta: dict[str, object] | None = None


class Errors(BaseModel):
    """Everything that is wrong."""

    errors: list[ErrorShape]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `pointer` says where in the body, if it is there."""

    title: str
    detail: str
    pointer: str | None = None
    code: str = INVALID
    parameter: str | None = None
    meta: dict[str, object] = field(default_factory=dict)

    def shape(self) -> ErrorShape:
        """As it is sent."""
        somewhere = self.pointer is not None or self.parameter is not None
        source = SourceShape(pointer=self.pointer, parameter=self.parameter)
        return ErrorShape(
            code=self.code,
            title=self.title,
            detail=self.detail,
            source=source if somewhere else None,
            meta=self.meta or None,
        )


class Rejected(Exception):
    """A request that is not done; nothing has changed."""

    def __init__(
        self, status: int, problems: Sequence[Problem], headers: dict[str, str] | None = None
    ) -> None:
        super().__init__("; ".join(one.detail for one in problems))
        self.status = status
        self.problems = problems
        self.headers = headers or {}

    def body(self) -> Errors:
        """As it is sent."""
        return Errors(errors=[one.shape() for one in self.problems])


def not_found(what: str) -> Rejected:
    """A 404 that says what is not there."""
    return Rejected(404, [Problem("Resource not found", what, code=NOT_FOUND)])


def refused(detail: str, pointer: str | None = None, title: str = "Invalid value") -> Rejected:
    """A 422 for one value."""
    return Rejected(422, [Problem(title, detail, pointer)])


def invalid(error: ValidationError, at: str = "") -> Rejected:
    """A 422 for all that a body's validation found."""
    found = error.errors(include_url=False, include_input=False)
    return Rejected(422, list(_problems(found, at)))


def _problems(found: Iterable[object], at: str) -> Iterable[Problem]:
    for one in found:
        assert isinstance(one, dict)  # pydantic's ErrorDetails
        pointer = at + "".join(f"/{_escaped(str(part))}" for part in one["loc"])
        name = str(one["loc"][-1]) if one["loc"] else "it"
        if one["type"] == "extra_forbidden":
            yield Problem(
                "Not changed here",
                f"`{name[:64]}` cannot be changed over this API: if the policy has it, edit the"
                " file and run `sipfo reload`",
                pointer,
            )
        else:
            yield Problem("Invalid value", f"`{name[:64]}`: {one['msg']}", pointer)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
