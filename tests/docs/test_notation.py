"""sipfo.lark's notation as expressions, as EBNF, and as the forms that people write."""

from __future__ import annotations

import pytest

from docs.forms import beginning_with, first_words, form, without_body
from docs.notation import Expr, Ref, ebnf, inlined, sections, values_in


def rules(*lines: str) -> dict[str, Expr]:
    (section,) = sections("\n".join(("// ## a part", *lines, "")))
    return section.rules


def rule(body: str) -> Expr:
    return rules(f"a: {body}")["a"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('"listen" ENDPOINT', '"listen" ENDPOINT'),
        ('NAME ("," NAME)*', 'NAME ("," NAME)*'),
        ('"note" STRING ["at" NAME]', '"note" STRING ("at" NAME)?'),
        ('"to" (to_uri | to_region)', '"to" (to-uri | to-region)'),
        ("[DATE]", "DATE?"),
        ("when* -> when", "when*"),
        ("NAME [_ON_THE_LINE_FROM EGRESS]", 'NAME ("from" EGRESS)?'),
    ],
)
def test_a_rule_is_told_in_ebnf(body: str, expected: str) -> None:
    assert ebnf(rule(body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('"accept" "from" NETWORK ("," NETWORK)*', "accept from NETWORK, …"),
        ('"source" STRING [DATE]', "source STRING [DATE]"),
        ('"listen" ("udp" | "tcp") ENDPOINT', "listen (udp | tcp) ENDPOINT"),
        ('"route" NAME "{" (to | auth)* "}"', "route NAME { … }"),
    ],
)
def test_a_rule_is_told_as_people_write_it(body: str, expected: str) -> None:
    assert form(rule(body)) == expected


def test_rules_go_on_over_lines_and_terminals_are_left_out() -> None:
    found = rules("// a comment", "?a: b", "  | c", "!_b: NAME", "NAME: /x/", "%ignore NAME")
    assert {name: ebnf(expr) for name, expr in found.items()} == {"a": "b | c", "_b": "NAME"}


def test_a_section_without_rules_is_left_out() -> None:
    assert sections("// ## Words\nNAME: /x/\n") == []


@pytest.mark.parametrize("line", ["a: NAME~3", "a: /x/", "a: )", "A rule"])
def test_what_cannot_be_read_is_an_error_and_not_left_out(line: str) -> None:
    with pytest.raises(ValueError, match="not "):
        rules(line)


def test_internal_rules_stand_where_their_names_stood() -> None:
    found = rules("a: _b | c", "_b: d | e")
    assert ebnf(inlined(found["a"], {"_b": found["_b"]})) == "d | e | c"
    assert ebnf(inlined(Ref("c"), {})) == "c"


def test_choices_are_told_apart_by_their_first_word() -> None:
    body = rule('"to" URI | "to" "region" NAME | ("stop" | "commit") "on" CODE')
    assert first_words(body) == ("to", "to", "stop", "commit")
    assert [form(one) for one in beginning_with("to", body)] == ["to URI", "to region NAME"]
    assert [form(one) for one in beginning_with("stop", body)] == ["stop on CODE"]
    assert beginning_with("from", body) == ()


def test_a_block_without_its_body_has_the_values_of_its_first_line() -> None:
    block = rule('"route" NAME "{" (URI | USER)* "}"')
    assert values_in(block) == ("NAME", "URI", "USER")
    assert values_in(without_body(block)) == ("NAME",)
