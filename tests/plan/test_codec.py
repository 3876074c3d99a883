"""The plan as JSON text: both ways, refused with a place, and under its published schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plan.conforms import complaints
from plan.samples import small_plan
from plan.strategies import plans
from sipfo.plan.codec import UnreadablePlan, plan_schema, read_plan, write_plan
from sipfo.plan.model import Plan

some = settings(max_examples=30)


@some
@given(plans())
def test_what_is_written_reads_back_the_same(plan: Plan) -> None:
    text = write_plan(plan)
    assert read_plan(text) == plan
    assert read_plan(text.encode()) == plan
    assert write_plan(read_plan(text)) == text


@some
@given(plans())
def test_what_is_written_is_under_the_published_schema(plan: Plan) -> None:
    assert complaints(json.loads(write_plan(plan)), json.loads(plan_schema())) == []


def test_a_plan_is_text_for_people_and_diffs() -> None:
    text = write_plan(small_plan())
    assert text.startswith('{\n  "version": 2,\n') and text.endswith("}\n")
    assert "null" not in text  # what is not there is not written


Edit = Callable[[dict[str, Any]], None]


def put(value: object, *path: str | int) -> Edit:
    """An edit that sets what is at a path."""

    def edit(document: dict[str, Any]) -> None:
        at: Any = document
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = value

    return edit


def refusal(text: str | bytes) -> str:
    with pytest.raises(UnreadablePlan) as caught:
        read_plan(text)
    return str(caught.value)


def refusal_of(edit: Edit) -> str:
    document = json.loads(write_plan(small_plan(carriers=1)))
    edit(document)
    return refusal(json.dumps(document))


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (put(1, "comment"), "comment"),
        (put(1, "trunks", 0, "comment"), "trunks.0.comment"),
        (put("5060", "listen", 0, "port"), "listen.0.port"),
        (put(True, "egress", 1, "port"), "egress.1.port"),
        (put(10**30, "listen", 0, "port"), "listen.0.port"),
        (put("sctp", "listen", 0, "transport"), "listen.0.transport"),
        (put("tls", "listen", 0, "transport"), "listen.0"),
        (put(["a", "b"], "routes", 0, "levels"), "routes.0"),
        (put([70, 30], "trunks", 0, "weights"), "trunks.0"),
        (put("weighted", "trunks", 0, "method"), "trunks.0"),
        (put("any", "trunks", 0, "order"), "trunks.0.order"),
        (put({"calls": 0}, "trunks", 0, "limit"), "trunks.0.limit.calls"),
        (put({"strip": 17}, "carriers", 0, "shaping"), "carriers.0.shaping.strip"),
        (put("pbx.example.com", "egress", 0, "host"), "egress.0.host"),
        (put("tel:+1312", "carriers", 0, "destination"), "carriers.0.destination"),
        (put([], "routes", 1, "destinations"), "routes.1.destinations"),
        (put("a b", "routes", 0, "name"), "routes.0.name"),
        (put("a\n", "trunks", 0, "name"), "trunks.0.name"),
        (put(float("nan"), "trunks", 0, "deadline"), "trunks.0.deadline"),
        (put(0, "trunks", 0, "deadline"), "trunks.0.deadline"),
        (put(None, "trunks"), "trunks"),
        (put("c0", "trunks", 0, "forward", "carriers"), "trunks.0.forward.carriers"),
        (put({"kind": "mood"}, "retries", 0, "rules", 0, "match"), "retries.0.rules.0.match"),
        (
            put({"kind": "code", "code": 200}, "retries", 0, "rules", 0, "match"),
            "retries.0.rules.0.match.code.code",
        ),
    ],
)
def test_what_is_no_plan_is_refused_with_its_place(edit: Edit, place: str) -> None:
    assert refusal_of(edit).startswith(f"{place}: ")


@pytest.mark.parametrize("key", ["listen", "egress", "routes", "retries", "trunks"])
def test_a_missing_part_is_named(key: str) -> None:
    assert refusal_of(lambda document: document.pop(key) and None).startswith(f"{key}: ")


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (put(["e9"], "trunks", 0, "egress"), "trunk acme names egress e9"),
        (put(["r9"], "trunks", 0, "routes"), "trunk acme names route r9"),
        (put("lax", "trunks", 0, "retry"), "trunk acme names retry lax"),
        (put(["c9"], "trunks", 0, "forward", "carriers"), "trunk acme names carrier c9"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused_with_trunk_and_name(
    edit: Edit, complaint: str
) -> None:
    assert complaint in refusal_of(edit)


@pytest.mark.parametrize("version", [0, 1, 3, "2", None, [2], 2.5])
def test_another_version_is_refused_with_what_to_do(version: object) -> None:
    message = refusal_of(put(version, "version"))
    assert message == f"plan version {version!r} is not 2: compile the policy again"


def test_a_document_without_a_version_is_another_version() -> None:
    assert "plan version None is not 2" in refusal_of(lambda document: document.pop("version"))
    assert "plan version None is not 2" in refusal("[]")


NOT_JSON: list[str | bytes] = [
    "",
    "sipfo 1",
    "{",
    '{"version": 2,}',
    b"\xff\xfe\x00",
    b"\x80",
    "1" * 5000,
    "[" * 100_000,
    write_plan(small_plan())[:-20],
]


@pytest.mark.parametrize("text", NOT_JSON, ids=range(len(NOT_JSON)))
def test_what_is_no_json_is_refused_as_such(text: str | bytes) -> None:
    assert refusal(text).startswith("not JSON: ")


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_text_is_a_plan_or_unreadable(text: str | bytes) -> None:
    assert refusal(text)


@some
@given(st.data())
def test_a_damaged_plan_is_read_or_unreadable_and_never_anything_else(data: st.DataObject) -> None:
    text = write_plan(small_plan(carriers=1))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 20, len(text))))
    damaged = text[:start] + data.draw(st.text(max_size=3)) + text[end:]
    try:
        assert isinstance(read_plan(damaged), Plan)
    except UnreadablePlan as error:
        assert str(error)


WHOLE_DOCUMENT: list[tuple[str, str | bytes]] = [
    ("dangling name", write_plan(small_plan()).replace('"r1"\n', '"r9"\n')),
    ("byte order mark", write_plan(small_plan()).encode("utf-8-sig")),
    ("UTF-16", write_plan(small_plan()).encode("utf-16")),
    ("nested too deep", '{"version": 2, "listen": ' + "[" * 300 + "]" * 300 + "}"),
    ("lone surrogate", '{"version": 2, "listen": "\\ud800"}'),
]


@pytest.mark.parametrize("text", [t for _, t in WHOLE_DOCUMENT], ids=[n for n, _ in WHOLE_DOCUMENT])
def test_what_is_wrong_with_the_whole_document_says_so(text: str | bytes) -> None:
    assert refusal(text).startswith("the plan: ")


# What version 2 is. A change here changes what deployed plans may say: give it another version. An
# optional field is none: plans without it stay as they were, and who does not know it refuses it.
VERSION_2 = {
    "Accept": "anyone credentials networks",
    "AnyNumber": "kind",
    "Carrier": "auth cost destination excluded limit name prefixes probe rates shaping trusted",
    "Cluster": "members name",
    "CommitOn": "kind point",
    "CommitOnCode": "code kind",
    "Credential": "secret user",
    "Egress": "host name port",
    "Deck": "file rows table",
    "Forward": "always at_most carriers choice egress number",
    "Instance": "host name port",
    "Limit": "calls per_second",
    "Listen": "certificate host key port transport",
    "Member": "egress host listen name port",
    "NumberPrefix": "kind prefix",
    "NumberRange": "first kind last",
    "OnCause": "cause kind",
    "OnCode": "code kind",
    "OnLocal": "kind outcome",
    "OnRange": "first kind last",
    "OnTag": "code kind tag",
    "Probe": "down_after every up_after",
    "Registered": "registrar user",
    "RegisteredUser": "name secret",
    "Registrar": "domain instances name users",
    "Retry": "commit name no_answer no_progress no_response otherwise rules",
    "Route": "auth destinations levels name probe registered trusted",
    "Rule": "match verdict",
    "Shaping": "prepend strip",
    "Trunk": "accept deadline egress forward limit method name numbers order patience retry routes"
    " trusted weights",
    "": "carriers cluster decks egress listen registrars retries routes trunks version",
}


def test_the_schema_is_that_of_version_2() -> None:
    schema = json.loads(plan_schema())
    parts = {**schema["$defs"], "": schema}
    assert {name: " ".join(sorted(part["properties"])) for name, part in parts.items()} == VERSION_2
    assert schema["properties"]["version"]["const"] == 2


def test_the_schema_is_pydantics_own_under_a_title_that_says_the_version() -> None:
    schema, own = json.loads(plan_schema()), Plan.model_json_schema()
    assert schema.pop("$schema") == "https://json-schema.org/draft/2020-12/schema"
    assert schema.pop("title") == "sipfo plan, version 2"
    assert schema == {key: value for key, value in own.items() if key != "title"}
    assert plan_schema() == plan_schema() and plan_schema().endswith("}\n")


def test_the_schema_refuses_unknown_keys_everywhere() -> None:
    schema = json.loads(plan_schema())
    parts = [schema, *schema["$defs"].values()]
    assert all(part["additionalProperties"] is False for part in parts)


@pytest.mark.parametrize(
    "edit",
    [
        put(1, "comment"),
        put("5060", "listen", 0, "port"),
        put(0, "listen", 0, "port"),
        put("sctp", "listen", 0, "transport"),
        put("any", "trunks", 0, "order"),
        put(70, "trunks", 0, "weights"),
        put({"user": "alice", "password": "x"}, "routes", 0, "auth"),
        put([], "trunks"),
        put("a b", "routes", 0, "name"),
        put({"kind": "mood"}, "retries", 0, "rules", 0, "match"),
        put(1, "version"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(edit: Edit) -> None:
    document = json.loads(write_plan(small_plan()))
    edit(document)
    assert complaints(document, json.loads(plan_schema()))
    assert refusal(json.dumps(document))


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (("routes",), "route .* is there twice"),
        (("carriers",), "carrier .* is there twice"),
        (("registrars",), "registrar office is there twice"),
        (("registrars", 0, "instances"), "instance kss-a is there twice"),
        (("trunks", 0, "forward", "carriers"), "is there twice"),
    ],
)
def test_what_is_there_twice_is_refused(path: tuple[str | int, ...], says: str) -> None:
    document = json.loads(write_plan(small_plan(carriers=2, instances=2)))
    place = document
    for part in path:
        place = place[part]
    place.append(place[0])
    assert re.search(says, refusal(json.dumps(document)))


@pytest.mark.parametrize("version", [True, 2.0, "2", None])
def test_a_version_is_an_integer(version: object) -> None:
    document = json.loads(write_plan(small_plan()))
    document["version"] = version
    assert "version" in refusal(json.dumps(document))
