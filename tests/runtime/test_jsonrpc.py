"""JSON-RPC 2.0: framing whatever the chunks, and every way in which a request can be wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.jsonrpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    MOST_TOGETHER,
    PARSE_ERROR,
    Asked,
    Fault,
    Lines,
    Method,
    encode,
    failure,
    requests,
    result,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.lists(values, max_size=5), st.lists(st.integers(1, 20), min_size=1))
def test_a_value_to_a_line_however_it_is_chunked(sent: list[object], sizes: list[int]) -> None:
    data, lines, found = b"".join(map(encode, sent)), Lines(), []
    while data:
        size = sizes[len(data) % len(sizes)]
        found += lines.feed(data[:size])
        data = data[size:]
    assert found + lines.end() == sent


@given(values)
def test_one_value_laid_out_over_lines_ends_with_the_connection(sent: object) -> None:
    lines = Lines()
    found = lines.feed(json.dumps(sent, indent=2).encode())
    assert found + lines.end() == [sent]


@pytest.mark.parametrize(
    "text",
    [b"{]", b"nonsense", b"NaN", b'{"a": Infinity}', b"[" * 100_000 + b"]", b"\xff\xfe", b"1 2"],
)
def test_what_is_no_json_is_told_so_and_the_next_line_counts(text: bytes) -> None:
    lines = Lines()
    first, second = lines.feed(text + b"\n7\n")
    assert isinstance(first, Fault) and first.code == PARSE_ERROR
    assert second == 7


def test_what_stops_short_at_the_end_of_the_connection_is_no_json() -> None:
    lines = Lines()
    assert lines.feed(b'{"jsonrpc":\n') == []
    (found,) = lines.end()
    assert isinstance(found, Fault) and found.code == PARSE_ERROR
    assert lines.end() == []


@pytest.mark.parametrize(
    "value",
    [
        7,
        [],
        {},
        {"jsonrpc": "1.0", "method": "x"},
        {"jsonrpc": "2.0", "method": 1},
        {"jsonrpc": "2.0", "method": "x", "params": "y"},
        {"jsonrpc": "2.0", "method": "x", "id": True},
        {"jsonrpc": "2.0", "method": "x", "id": []},
    ],
)
def test_what_is_no_request_is_refused(value: object) -> None:
    (found,), is_batch = requests(value)
    assert isinstance(found, Fault) and found.code == INVALID_REQUEST
    assert not is_batch


def test_a_batch_is_answered_as_one_and_is_bounded() -> None:
    one = {"jsonrpc": "2.0", "method": "x", "id": 1}
    found, is_batch = requests([one, 7, {"jsonrpc": "2.0", "method": "y"}])
    assert is_batch
    assert found[0] == Asked("x", [], 1)
    assert isinstance(found[1], Fault)
    assert found[2] == Asked("y", [], None, is_notification=True)
    (fault,), is_batch = requests([one] * (MOST_TOGETHER + 1))
    assert isinstance(fault, Fault) and not is_batch


def test_parameters_are_given_in_their_order_or_by_name() -> None:
    method = Method(lambda state, group: None, ("state",), ("group",))
    assert method.arguments(["a", "b"]) == method.arguments({"group": "b", "state": "a"})
    assert method.arguments(["a"]) == {"state": "a"}
    for wrong in ([], ["a", "b", "c"], {"group": "b"}, {"state": "a", "else": 1}):
        with pytest.raises(Fault, match=r"parameters are: state \[group\]") as caught:
            method.arguments(wrong)
        assert caught.value.code == INVALID_PARAMS


def test_answers_are_what_the_specification_shows() -> None:
    assert result(1, 19) == {"jsonrpc": "2.0", "result": 19, "id": 1}
    assert failure("1", Fault(-32601, "Method not found")) == {
        "jsonrpc": "2.0",
        "error": {"code": -32601, "message": "Method not found"},
        "id": "1",
    }
    assert failure(None, Fault(-32000, "no", ["why"]))["error"] == {
        "code": -32000,
        "message": "no",
        "data": ["why"],
    }
