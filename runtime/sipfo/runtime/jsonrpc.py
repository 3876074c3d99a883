"""JSON-RPC 2.0, both ways, without a socket: bytes to requests, results to bytes.

Requests come one to a line, or as one value that ends with the connection. A value that is not
whole at the end of its line is taken for the latter, so that people can send what they laid out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
REFUSED: Final = -32000
"""What was asked for cannot be done now; the message says why (the server's own range)."""

MOST_TOGETHER: Final = 100
"""Requests in one batch."""

Id = str | int | float | None


class Fault(Exception):
    """An error as JSON-RPC has it: a code, a message for people, and data for programs."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; a notification wants no answer."""

    method: str
    params: Sequence[object] | Mapping[str, object]
    id: Id = None
    is_notification: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """What a method name stands for: `run` takes the parameters by name, those that it needs and
    those that it may be given, and returns a JSON value or awaits one."""

    run: Callable[..., object]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()

    def then(self, after: Callable[[], None]) -> Method:
        """The same, and something else after it, whatever comes of it."""

        def run(**arguments: object) -> object:
            try:
                return self.run(**arguments)
            finally:
                after()

        return Method(run, self.needs, self.may)

    def arguments(self, params: Sequence[object] | Mapping[str, object]) -> dict[str, object]:
        """The parameters by name, however they were given. Raises Fault."""
        names = (*self.needs, *self.may)
        if isinstance(params, Mapping):
            given = dict(params)
        else:
            given = dict(zip(names, params, strict=False))
        wrong = len(params) > len(names) or not given.keys() <= set(names)
        if wrong or not set(self.needs) <= given.keys():
            wants = " ".join((*self.needs, *(f"[{name}]" for name in self.may)))
            raise Fault(INVALID_PARAMS, f"parameters are: {wants or 'none'}")
        return given


class Lines:
    """The requests of one connection, from whatever chunks they come in."""

    __slots__ = ("_buffer", "_whole")

    def __init__(self) -> None:
        self._buffer = b""
        self._whole = False

    @property
    def waiting(self) -> int:
        """Bytes of a request that is not whole yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[object]:
        """The values that are whole now; a Fault stands for what is no JSON."""
        self._buffer += data
        found: list[object] = []
        while not self._whole and b"\n" in self._buffer:
            line, _, rest = self._buffer.partition(b"\n")
            if line.strip():
                value = _read(line)
                if isinstance(value, _Unfinished):
                    self._whole = True
                    break
                found.append(value)
            self._buffer = rest
        return found

    def end(self) -> list[object]:
        """The value that the connection's end completes."""
        text, self._buffer = self._buffer, b""
        if not text.strip():
            return []
        value = _read(text)
        return [Fault(PARSE_ERROR, "not JSON") if isinstance(value, _Unfinished) else value]


class _Unfinished:
    """Stands for JSON that stops short."""


def requests(value: object) -> tuple[list[Asked | Fault], bool]:
    """The requests of one JSON value, and whether it is a batch, which is answered as one."""
    if isinstance(value, list) and value:
        if len(value) > MOST_TOGETHER:
            return [Fault(INVALID_REQUEST, f"at most {MOST_TOGETHER} requests together")], False
        return [_request(one) for one in value], True
    return [_request(value)], False


def result(id: Id, value: object) -> dict[str, object]:
    """A response that carries what was asked for."""
    return {"jsonrpc": "2.0", "result": value, "id": id}


def failure(id: Id, fault: Fault) -> dict[str, object]:
    """A response that says why not."""
    error: dict[str, object] = {"code": fault.code, "message": fault.message}
    if fault.data is not None:
        error["data"] = fault.data
    return {"jsonrpc": "2.0", "error": error, "id": id}


def encode(value: object) -> bytes:
    """One line."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _request(value: object) -> Asked | Fault:
    if isinstance(value, Fault):
        return value
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        return Fault(INVALID_REQUEST, 'not a request: `{"jsonrpc": "2.0", "method": …}`')
    method, params, id = value.get("method"), value.get("params", []), value.get("id")
    if not isinstance(method, str) or not isinstance(params, list | dict):
        return Fault(INVALID_REQUEST, "`method` is text, `params` a list or an object")
    if isinstance(id, bool) or not isinstance(id, str | int | float | None):
        return Fault(INVALID_REQUEST, "`id` is text or a number")
    return Asked(method, params, id, "id" not in value)


def _read(text: bytes) -> object:
    try:
        value: object = json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()):
            return _Unfinished()
        return Fault(PARSE_ERROR, f"not JSON: {error.msg} at character {error.pos}")
    except (ValueError, RecursionError):
        return Fault(PARSE_ERROR, "not JSON")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)  # NaN and Infinity are Python's, not JSON's (RFC 8259 §6)
