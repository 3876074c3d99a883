from __future__ import annotations

import re
from dataclasses import fields

import pytest

from bless import EXAMPLES
from sipfo.grammar import tree
from sipfo.grammar.mistake import Mistake
from sipfo.grammar.parser import parse, read
from sipfo.grammar.recovery import recover
from sipfo.grammar.source import Source, Span

GOOD = "region eu {\n    primary 192.0.2.1\n    secondary 192.0.2.2\n}\n"


def told(text: str) -> list[str]:
    return [one.code for one in parse(Source(text, "x"))[1]]


def kinds(text: str) -> list[str]:
    return [type(node).__name__ for node in parse(Source(text, "x"))[0].statements]


@pytest.mark.parametrize(
    "mistake",
    [
        "rout a { to sip:b }",
        "rout a {\n    to sip:b\n    to sip:c\n}",
        "route a [ to sip:b ]",
        "route a to sip:b",
        "route a\n    to sip:b\n}",
        "route a { too sip:b }",
        "route a { to }",
        "route { to sip:b }",
        "route a { to sip:b",
        "route a { to sip:b } }",
        "route a { to { sip:b } }",
        "}",
        "{",
        "route",
        "listen",
        "listen udp",
        "listen tls 192.0.2.1",
        "retry a {\n    failover 503\n    otherwise stop\n}",
        "retry a {\n    failover on\n        503,\n        504 505\n    otherwise stop\n}",
        "trunk a {\n    accept from\n        192.0.2.0/24 198.51.100.0/24\n}",
        'test "a {\n    call t to +1\n}',
        "test a {\n    call t to +1\n}",
        "import",
        "registrar office {\n    domain a.example\n    user b password C\n}",
        "# comment\nrout a { }  # another",
        "region a {\n    primary 192.0.2.1\u00a0\n}",
    ],
)
def test_one_mistake_is_told_once_and_its_neighbours_are_read(mistake: str) -> None:
    text = f"{GOOD}\n{mistake}\n\n{GOOD}"
    assert len(told(text)) == 1
    assert kinds(text).count("Region") >= 2


def test_every_wrong_line_of_a_block_is_told() -> None:
    text = "retry a {\n    failovr on 503\n    stop 404\n    commit on 180\n    otherwise stopp\n}"
    file, found = parse(Source(text, "x"))
    assert [one.code for one in found] == ["SF005", "SF002", "SF002"]
    (retry,) = file.statements
    assert isinstance(retry, tree.Retry)
    assert not retry.whole
    assert [type(item) for item in retry.items] == [tree.CommitOn]


def test_a_statement_over_lines_stays_one() -> None:
    text = "trunk a {\n    routes\n        sequentail\n        b,\n        c\n    deadline 3s\n}"
    file, found = parse(Source(text, "x"))
    assert len(found) == 1
    (trunk,) = file.statements
    assert isinstance(trunk, tree.Trunk)
    assert [type(item) for item in trunk.items] == [tree.Deadline]


def test_each_unclosed_block_is_told_at_its_opening_line() -> None:
    source = Source(
        "region a {\n  primary 1\n\nroute b {\n  to sip:c\n\nroute d { to sip:e }\n", "x"
    )
    file, found = parse(source)
    assert [one.code for one in found] == ["SF003", "SF003"]
    assert [source.position(one.span.start).line for one in found] == [1, 4]
    assert [type(node) for node in file.statements] == [tree.Region, tree.Route, tree.Route]


@pytest.mark.parametrize(
    "wrong",
    [
        "    listen udp 192.0.2.1\n",
        "    route b { to sip:b }\n    listen udp 192.0.2.1\n",
        "    route b {\n        to sip:b\n    }\n",
    ],
)
@pytest.mark.parametrize("after", ["    from us\n}\n", "}\n"])
def test_a_statement_of_the_file_in_a_block_hides_nothing(wrong: str, after: str) -> None:
    text = f"trunk a {{\n    numbers +1\n{wrong}{after}carrier c {{ to sip:c }}\n"
    file, found = parse(Source(text, "x"))
    assert {one.code for one in found} == {"SF005"}
    kept = [type(one) for one in file.statements]
    assert [kept[0], kept[-1]] == [tree.Trunk, tree.Carrier]
    assert tree.Route in kept or "route" not in wrong
    assert isinstance(file.statements[0], tree.Trunk)
    assert len(file.statements[0].items) == (2 if "from" in after else 1)


def test_a_block_without_its_end_is_told_apart_from_a_statement_in_a_wrong_place() -> None:
    missing = "trunk a {\n    numbers +1\nlisten udp 192.0.2.1\nroute b { to sip:b }\n"
    assert told(missing) == ["SF003"]
    stray = "route a { to sip:a\nroute b { to sip:b }\nretry r { otherwise stop }\n}\n"
    assert told(stray) == ["SF003", "SF008"]


def test_a_trunks_retry_closes_no_block() -> None:
    text = "trunk a {\n    retry b\n    deadlin 3s\n}\nretry b {\n    otherwise stop\n}\n"
    assert told(text) == ["SF005"]
    assert kinds(text) == ["Trunk", "Retry"]


def test_the_name_of_an_unreadable_statement_is_kept() -> None:
    file, _ = parse(Source("rout pbx-east { to sip:a }\n", "x"))
    assert "pbx-east" in file.lost
    assert not file.whole


def test_a_word_of_another_block_is_said_to_belong_there() -> None:
    (found,) = parse(Source("trunk a {\n    primary 192.0.2.1\n}", "x"))[1]
    assert found.hint == "`primary` belongs in a `region` block"


@pytest.mark.parametrize(
    "text",
    [
        GOOD * 300 + "rout a { }\n",
        "rout a { }\n" * 1500,
        "region a {\n" * 1500,
        "retry a {\n" + "failovr on 503\n" * 2000,
        "{" * 20_000 + "}" * 20_000,
        "}" * 2000,
        "x" * 200_000 + "\n{",
        "." * 50_000,
        '"' * 20_001,
        "route a { to " + "b " * 20_000,
        "\x00" * 10_000,
        "route a {" + "\n# comment" * 5000,
        "trunk a {\n" + "  listen udp a\n" * 3000 + "  from us\n}",
        ("trunk a {\n" + "  route b { }\n" * 5) * 500,
        "trunk a {\n" + "  listen udp a\n  from us us\n" * 1000 + "}",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_text_is_read_more_than_four_times(text: str) -> None:
    """The parser is linear, so this makes recovery linear."""
    characters = 0

    def counting(part: str, start: str, base: int) -> tuple[tree.Node, ...] | Mistake:
        nonlocal characters
        characters += len(part)
        return read(part, start, base)

    _, found = recover(Source(text, "x"), counting)
    assert found
    assert characters <= 4 * len(text)


TRUNK = """\
trunk a {
    numbers +1312
    accept   from 203.0.113.0/24
    from     us
    routes   sequential b, c
    retry    standard
    deadline 20s
    on failure forward to +1773 via d
}
"""
LISTS = ("numbers +1312", "203.0.113.0/24", "from     us", "b, c", "via d")


@pytest.mark.parametrize("dangling", [",", " ,", ".."])
@pytest.mark.parametrize("part", LISTS)
def test_a_dangling_mark_costs_no_more_than_its_statement(part: str, dangling: str) -> None:
    file, found = parse(Source(TRUNK.replace(part, part + dangling), "x"))
    assert [one.code for one in found] == ["SF002"]
    (trunk,) = file.statements
    assert isinstance(trunk, tree.Trunk)
    assert len(trunk.items) == 6


@pytest.mark.parametrize("part", LISTS)
def test_a_dangling_comma_can_be_removed(part: str) -> None:
    text = TRUNK.replace(part, part + ",")
    (found,) = parse(Source(text, "x"))[1]
    assert found.fix is not None
    (edit,) = found.fix.edits
    assert text[: edit.span.start] + edit.replacement + text[edit.span.end :] == TRUNK


def test_a_route_may_have_the_name_of_a_statement_in_a_list_over_lines() -> None:
    text = TRUNK.replace("b, c", "\n        b,\n        accept,\n        from,\n        retry")
    assert told(text) == []


def words_of(text: str) -> list[tuple[int, int]]:
    """Where each word, text and sign of a text is, without comments."""
    token = re.compile(r'"[^"\n]*"|\#[^\n]*|\.\.|[{},]|(?:(?!\.\.)[^\s{},"\#])+')
    return [one.span() for one in token.finditer(text) if not one[0].startswith("#")]


EXAMPLE = (EXAMPLES / "first.sipfo").read_text(encoding="utf-8")


@pytest.mark.parametrize(("start", "end"), words_of(EXAMPLE))
def test_a_missing_misspelt_or_torn_word_is_at_most_one_mistake(start: int, end: int) -> None:
    word = EXAMPLE[start:end]
    assert len(told(EXAMPLE[:start] + EXAMPLE[end:])) <= 1
    assert len(told(EXAMPLE[:start] + "} " + EXAMPLE[start:])) <= 1
    if word not in ("{", "}", ",", ".."):
        assert len(told(EXAMPLE[:start] + word[:-1] + "zz" + EXAMPLE[end:])) <= 1


def test_what_stands_after_a_brace_too_early_is_one_mistake_and_nothing_is_missing() -> None:
    text = TRUNK.replace("    from     us\n", "    from     us\n}\n") + "\n" + GOOD
    file, found = parse(Source(text, "x"))
    assert [one.code for one in found] == ["SF005"]
    trunk = file.statements[0]
    assert isinstance(trunk, tree.Trunk)
    assert not trunk.whole
    assert isinstance(file.statements[-1], tree.Region)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("answred by b", "answered"), ("refusd 503", "refused"), ("canceled within 3s", "cancelled")],
)
def test_a_misspelt_result_is_no_address(wrong: str, right: str) -> None:
    text = f'test "x" {{\n    call a to +1\n    expect {wrong}\n}}\n'
    (found,) = parse(Source(text, "x"))[1]
    assert found.hint == f"did you mean `{right}`?"
    assert text[found.span.start : found.span.end] == wrong.partition(" ")[0]


@pytest.mark.parametrize(
    ("body", "wrong", "right"),
    [
        ("route x {\n    to rgion us\n}\n", "rgion", "region"),
        ("route x {\n    to registred alice at office\n}\n", "registred", "registered"),
        ("retry x {\n    failover on 503, casue 34\n}\n", "casue", "cause"),
        ("trunk x {\n    on failure forward to +1 via cheepest a, b\n}\n", "cheepest", "cheapest"),
        ('test "x" {\n    when caler cancels after 3s\n}\n', "caler", "caller"),
    ],
)
def test_a_misspelt_keyword_in_the_place_of_a_value_is_told_where_it_stands(
    body: str, wrong: str, right: str
) -> None:
    (found,) = parse(Source(body, "x"))[1]
    assert found.hint == f"did you mean `{right}`?"
    assert body[found.span.start : found.span.end] == wrong


@pytest.mark.parametrize(
    "body",
    [
        'trunk x {\n    order route-major retry "x"\n}\n',
        "trunk x {\n    limit 100 calls 3\n}\n",
        'test "x" {\n    when callers\n}\n',
        'test "x" {\n    when a silent, cancelled "y"\n}\n',
        'retry x {\n    failover on cuse "\n}\n',
    ],
)
def test_a_right_word_is_never_said_to_be_misspelt(body: str) -> None:
    (found,) = parse(Source(body, "x"))[1]
    there = body[found.span.start : found.span.end]
    assert there not in ("route-major", "calls", "callers", "a", "on")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("listen udp 192.0.2.1\n, region us { primary 192.0.2.1 }\n", "us"),
        ("listen udp 192.0.2.1\n{ retry r { otherwise stop }\n", "r"),
        ('"route a { to sip:b.example }\n', "a"),
    ],
)
def test_a_stray_mark_before_a_block_leaves_its_name_known(text: str, name: str) -> None:
    assert name in parse(Source(text, "x"))[0].lost


@pytest.mark.parametrize(
    "text", ["improt telnyx\n", "listen udp 192.0.2.1\n, import telnyx\n", '"import telnyx\n']
)
def test_an_import_that_cannot_be_read_may_have_brought_any_name(text: str) -> None:
    assert parse(Source(text, "x"))[0].imports


@pytest.mark.parametrize("text", [GOOD, TRUNK, "rout a { }\n" + GOOD, TRUNK.replace("us", "us,")])
def test_a_base_shifts_every_place_and_nothing_else(text: str) -> None:
    file, found = parse(Source(text, "x"))
    shifted, found_there = parse(Source(text, "x", 1000))
    assert [one.code for one in found] == [one.code for one in found_there]
    for one, other in zip(found, found_there, strict=True):
        assert other.span == Span(one.span.start + 1000, one.span.end + 1000)
    assert spans(shifted) == [Span(one.start + 1000, one.end + 1000) for one in spans(file)]


def spans(node: tree.Node) -> list[Span]:
    """The span of a node and of every node below."""
    found = [node.span]
    for field in fields(node):
        value = getattr(node, field.name)
        for part in value if isinstance(value, tuple) and not isinstance(value, Span) else (value,):
            if isinstance(part, tree.Node):
                found += spans(part)
    return found
