"""Which of a policy's and its libraries' names a word means."""

from __future__ import annotations

import pytest

from compiler.policies import codes
from sipfo.compiler.imports import Part, Parts
from sipfo.compiler.link import Linked, link
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.grammar import tree
from sipfo.grammar.parser import parse
from sipfo.grammar.source import Source

POLICY = """\
sipfo 1
import telnyx
listen udp 192.0.2.10:5060
route pbx { to sip:198.51.100.10 }
trunk acme {
    numbers +1312555
    accept  from 203.0.113.0/24
    from    EGRESS
    routes  sequential pbx
    retry   RETRY
}
"""


def compiled(egress: str, retry: str = "telnyx.standard", more: str = "") -> Compilation:
    text = POLICY.replace("EGRESS", egress).replace("RETRY", retry)
    return compile_source(text + more, "policy.sipfo")


def egresses(made: Compilation) -> list[str]:
    assert made.plan is not None, [one.message for one in made.diagnostics]
    return [one.name for one in made.plan.egress]


OWN = "region us { primary 192.0.2.1  secondary 192.0.2.2 }\n"


@pytest.mark.parametrize(
    ("written", "more", "meant"),
    [
        ("us", "", ["us.primary", "us.secondary"]),
        ("us.primary", "", ["us.primary"]),
        ("telnyx.us", "", ["us.primary", "us.secondary"]),
        ("telnyx.us.primary, us.secondary", "", ["us.primary", "us.secondary"]),
        ("us", OWN, ["us.primary", "us.secondary"]),
        ("telnyx.us", OWN, ["telnyx.us.primary", "telnyx.us.secondary"]),
        ("us.primary, telnyx.us.primary", OWN, ["us.primary", "telnyx.us.primary"]),
    ],
)
def test_a_librarys_region_has_its_own_name_and_its_full_one(
    written: str, more: str, meant: list[str]
) -> None:
    assert egresses(compiled(written, more=more)) == meant


def test_the_policys_own_region_comes_first() -> None:
    made = compiled("us.primary, telnyx.us.primary", more=OWN)
    assert made.plan is not None
    assert [one.host for one in made.plan.egress] == ["192.0.2.1", "192.76.120.10"]


def test_a_retry_policy_is_known_by_its_full_name_only() -> None:
    made = compiled("us", "telnyx.standard")
    assert made.plan is not None
    assert [one.name for one in made.plan.retries] == ["telnyx.standard"]
    assert codes(compiled("us", "standard")) == ["SF201"]


def test_a_retry_policy_of_ones_own_may_have_the_name_of_a_librarys() -> None:
    own = "retry standard { failover on 503  otherwise stop }\n"
    made = compiled("us", "standard", own)
    assert made.plan is not None
    assert [len(one.rules) for one in made.plan.retries] == [1]


def test_what_is_not_used_of_a_library_is_not_in_the_plan_and_not_complained_about() -> None:
    made = compiled("us", "telnyx.standard")
    assert {one.code for one in made.diagnostics} == {"SF208"}


def test_every_place_of_a_reference_is_resolved() -> None:
    more = """\
route theirs { to region telnyx.eu }
carrier c { to sip:203.0.113.9 }
trunk other {
    numbers +1773555
    accept  from 203.0.113.0/24
    routes  sequential theirs
    retry   telnyx.timed
    on failure forward to +442071234567 via c from telnyx.ca.primary
}
test "t" {
    call other to +17735550100
    when theirs.primary from listen answers 503
    when c from telnyx.ca.primary answers 200
    expect listen to theirs.primary 503
    expect listen to theirs.secondary 503
    expect telnyx.ca.primary to c 200
}
"""
    more = more.replace("    expect listen to theirs.secondary 503\n", "")
    made = compiled("us", more=more)
    assert made.plan is not None, [one.message for one in made.diagnostics]
    assert "ca.primary" in [one.name for one in made.plan.egress]
    (scenario,) = made.scenarios
    assert [one.egress for one in scenario.behaviours] == ["listen", "ca.primary"]
    assert scenario.attempts is not None
    assert scenario.attempts[-1].egress == "ca.primary"


def test_a_wrong_address_of_a_librarys_region_is_told_as_one() -> None:
    (found,) = compiled("telnyx.us.third").diagnostics
    assert (found.code, found.hint) == ("SF204", "write `us.primary` or `us.secondary`")


def test_a_library_that_is_not_imported_is_told_once() -> None:
    text = POLICY.replace("EGRESS", "telnyx.us").replace("RETRY", "telnyx.standard")
    made = compile_source(text.replace("import telnyx\n", ""), "policy.sipfo")
    (found,) = made.diagnostics
    assert found.message == "the library `telnyx` is not imported"
    assert len(found.secondary) == 1


def test_a_library_whose_import_failed_is_no_second_mistake() -> None:
    text = POLICY.replace("EGRESS", "telnyx.us").replace("RETRY", "telnyx.standard")
    made = compile_source(text.replace("import telnyx", "import telnix"), "policy.sipfo")
    assert codes(made) == ["SF205"]


def test_an_unread_declaration_may_be_what_is_meant() -> None:
    more = "region us [ primary 192.0.2.1 }\n"
    assert codes(compiled("us", more=more)) == ["SF002"]


def linked(text: str, **libraries: str) -> Linked:
    """A policy with libraries of the test's own."""
    parts, base = [], 0
    for name, part in [(None, text), *libraries.items()]:
        source = Source(part, name or "policy.sipfo", base)
        file, unread = parse(source)
        assert not unread
        parts.append(Part(source, file, name, None if name is None else file.span))
        base = source.span.end + 1
    return link(Parts(tuple(parts), (), unread=False))


EAST = "region us { primary 192.0.2.1  secondary 192.0.2.2 }"
WEST = "region us { primary 192.0.2.3  secondary 192.0.2.4 }"


def names(result: Linked) -> list[str]:
    return [one.name.text for one in result.file.statements if isinstance(one, tree.Region)]


def test_a_region_of_two_libraries_has_only_its_full_names() -> None:
    result = linked("trunk t { from a.us, b.us.primary }", a=EAST, b=WEST)
    assert (names(result), result.found) == (["a.us", "b.us"], ())


def test_the_bare_name_of_two_libraries_regions_is_told_with_both() -> None:
    result = linked("trunk t { from us.primary, us.secondary }", a=EAST, b=WEST)
    (found,) = result.found
    assert found.message == "2 libraries have a region `us`"
    assert found.hint == "write `a.us.primary` or `b.us.primary`"
    labels = [label.text for label in found.secondary]
    assert labels == ["also here", "in library `a`", "in library `b`"]
    assert "us" in result.file.lost


def test_the_policys_region_settles_it() -> None:
    result = linked(f"{OWN} trunk t {{ from us }}", a=EAST, b=WEST)
    assert (names(result), result.found) == (["us"], ())


def test_notes_are_told_once_where_the_fact_is_first_used() -> None:
    library = (
        'note "about all"\nretry standard { otherwise stop  note "one"  note "two"\n'
        'source "https://a.example" 2026-07-30 }\nretry other { otherwise stop  note "not used" }'
    )
    text = "trunk t { retry a.standard }\ntrunk u { retry a.standard }"
    notes = linked(text, a=library).notes
    assert [one.message for one in notes] == [
        "about all",
        "one\ntwo\n  https://a.example (2026-07-30)",
    ]
    assert {one.severity for one in notes} == {"note"}
    assert notes[1].span.start == text.index("a.standard")
    assert linked("trunk t { }", a=library).notes == ()
