from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pytest

from bless import EXAMPLES
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.parser import parse, parse_when
from sipfo.grammar.source import Source, Span

SOURCES = [
    Source(path.read_text(encoding="utf-8"), path.name) for path in sorted(EXAMPLES.glob("*.sipfo"))
]
by_name = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.path)

OPENS = {
    tree.Version: "sipfo",
    tree.Listen: "listen",
    tree.Region: "region",
    tree.Retry: "retry",
    tree.Route: "route",
    tree.Carrier: "carrier",
    tree.Trunk: "trunk",
    tree.Test: "test",
    tree.Primary: "primary",
    tree.Secondary: "secondary",
    tree.Domain: "domain",
    tree.FailoverOn: "failover",
    tree.StopOn: "stop",
    tree.CommitOn: "commit",
    tree.Otherwise: "otherwise",
    tree.Cause: "",
    tree.ToUri: "to",
    tree.ToRegion: "to region",
    tree.Prefixes: "prefixes",
    tree.Numbers: "numbers",
    tree.AcceptFrom: "accept",
    tree.AcceptAnyone: "accept",
    tree.SendFrom: "from",
    tree.Routes: "routes",
    tree.Under: "retry",
    tree.Deadline: "deadline",
    tree.Forward: "on failure forward",
    tree.Call: "call",
    tree.When: "when",
    tree.CallerCancels: "when",
    tree.Answers: "answers",
    tree.ExpectAttempt: "expect",
    tree.ExpectAnswered: "expect answered",
    tree.ExpectRefused: "expect refused",
    tree.ExpectCancelled: "expect cancelled",
}


def below(node: tree.Node) -> Iterator[tuple[tree.Node, tree.Node]]:
    """Every pair of a node and one right below it."""
    for field in fields(node):
        value = getattr(node, field.name)
        for part in value if isinstance(value, tuple) and not isinstance(value, Span) else (value,):
            if isinstance(part, tree.Node):
                yield node, part
                yield from below(part)


@by_name
def test_a_correct_file_has_a_whole_tree(source: Source) -> None:
    file, found = parse(source)
    assert found == []
    assert file.whole
    assert all(block.whole for block in file.statements if isinstance(block, tree.Block))


@by_name
def test_a_words_span_is_its_text(source: Source) -> None:
    for _, node in below(parse(source)[0]):
        if isinstance(node, tree.Word):
            assert source.excerpt(node.span) == node.text
        if isinstance(node, tree.Quoted):
            assert source.excerpt(node.span) == f'"{node.text}"'


@by_name
def test_a_statements_span_begins_with_its_word(source: Source) -> None:
    for _, node in below(parse(source)[0]):
        assert source.excerpt(node.span).startswith(OPENS.get(type(node), ""))
        if isinstance(node, tree.Block):
            assert source.excerpt(node.span).endswith("}")


@by_name
def test_a_node_lies_inside_of_the_one_above(source: Source) -> None:
    for above, node in below(parse(source)[0]):
        assert above.span.start <= node.span.start < node.span.end <= above.span.end


@by_name
def test_a_block_alone_is_the_same_block(source: Source) -> None:
    """Recovery reads blocks alone: they must be what they are in the whole file."""
    for statement in parse(source)[0].statements:
        alone, found = parse(Source(source.excerpt(statement.span), "alone"))
        assert found == []
        assert [type(node) for node in alone.statements] == [type(statement)]


@pytest.mark.parametrize("name", ["to", "region", "primary", "from", "when", "expect", "listen"])
def test_keywords_are_names_where_a_name_is_expected(name: str) -> None:
    file, found = parse(Source(f"route {name} {{ to region {name} }}", "x"))
    assert found == []
    (route,) = file.statements
    assert isinstance(route, tree.Route)
    assert isinstance(route.name, tree.Word)
    assert route.name.text == name


def test_a_word_is_never_cut_at_a_keyword() -> None:
    _, found = parse(Source("trunk t { on failure forward tomato +1 via a }", "x"))
    assert [one.message for one in found] == ["expected `to`, found `tomato`"]


def test_a_comment_ends_with_its_line_and_begins_outside_of_texts() -> None:
    file, found = parse(Source('# route\ntest "a # b" { # }\n}', "x"))
    assert found == []
    (test,) = file.statements
    assert isinstance(test, tree.Test)
    assert test.name.text == "a # b"


def test_when_gives_its_one_node() -> None:
    node = parse_when(Source("pbx from us.primary rings, answers 200 after 2s", "x"))
    assert isinstance(node, tree.When)
    assert node.egress is not None
    assert (node.destination.text, node.egress.text, len(node.steps)) == ("pbx", "us.primary", 2)
    assert isinstance(parse_when(Source("caller cancels after 2s", "x")), tree.CallerCancels)
    assert isinstance(parse_when(Source("call acme to +1", "x")), Diagnostic)
