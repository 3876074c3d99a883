"""What tests exercise, and which changes they would not notice."""

from __future__ import annotations

import re

import pytest

from sipfo.compiler.pipeline import compile_source
from sipfo.plan.model import Match, OnCause, OnCode, OnLocal, OnRange, OnTag
from sipfo.plan.scenario import Scenario, SeenResult
from sipfo.verify.coverage.as_json import coverage_json
from sipfo.verify.coverage.draw import draw_coverage
from sipfo.verify.coverage.exercised import exercised
from sipfo.verify.coverage.lines import Key, key_of, lines
from sipfo.verify.coverage.measure import Coverage, measure
from sipfo.verify.coverage.mutants import mutants
from sipfo.verify.coverage.parts import match_words, parts
from sipfo.verify.diff.compare import compare
from sipfo.verify.diff.sides import as_test
from sipfo.verify.simulate import simulate
from verify.seed import call, does, plan

POLICY = """\
sipfo 1
listen udp 192.0.2.10:5060
region us { primary 192.76.120.10  secondary 64.16.250.10 }
retry standard {
    failover on 5xx
    failover on 486 tagged "D5"
    failover on cause 34
    stop on 501
    commit on 180
    otherwise stop
    no-response 2s
}
route east { to sip:198.51.100.10 }
route west { to sip:198.51.100.20 }
trunk acme {
    numbers +1312555
    accept  from 203.0.113.0/24
    from    us
    routes  sequential east, west
    retry   standard
    deadline 20s
}
"""
DOWN = """
test "east is down" {
    call acme to +13125550123
    when east answers 503
    expect us.primary to east 503
    expect us.primary to west 200
    expect answered by west
}
"""


def words(scenario: Scenario) -> set[str]:
    return {part.words for part in exercised(plan(), [scenario])}


def measured(text: str) -> tuple[Coverage, dict[Key, int]]:
    compilation = compile_source(text, "policy.sipfo")
    assert compilation.plan is not None
    coverage = measure(compilation.plan, compilation.scenarios)
    return coverage, lines(compilation.source.main)


def test_the_rule_that_decides_is_exercised_and_no_other() -> None:
    found = words(call(does("pbx-east", 503), does("pbx-west", 486)))
    assert {"failover on 503", "stop on 486"} <= found
    assert not {"failover on 480", "otherwise stop"} & found


def test_a_timer_exercises_itself_and_the_rule_that_it_goes_by() -> None:
    found = words(call(does("pbx-east", reach="silent")))
    assert {"no-response 2s", "failover on 408"} <= found


def test_a_transport_error_has_its_own_rule() -> None:
    assert "failover on transport-error" in words(call(does("pbx-east", reach="refuses")))


def test_after_a_commit_no_rule_decides() -> None:
    found = words(call(does("pbx-east", 180, 503)))
    assert "commit on 180" in found
    assert "failover on 503" not in found


def test_what_comes_after_the_end_of_an_attempt_exercises_nothing() -> None:
    late = call(does("pbx-east", (180, 3.0)))
    assert "commit on 180" not in words(late)


def test_only_what_is_called_is_exercised() -> None:
    found = words(call())
    assert {"route pbx-east", "address us.primary"} <= found
    assert not {"route pbx-west", "address us.secondary"} & found


def test_a_test_that_fails_counts_for_nothing() -> None:
    wrong = call(does("pbx-east", 486)).model_copy(update={"result": SeenResult(kind="answered")})
    coverage = measure(plan(), [wrong])
    assert (coverage.tests, coverage.failing) == (0, ("a call",))
    assert not any(is_exercised for _, is_exercised in coverage.parts)
    assert coverage.killed == 0


def test_a_mutant_that_changes_no_call_is_not_counted() -> None:
    # `stop on 404` says what `otherwise stop` says.
    survivors = [one.words for one in measure(plan(), []).survivors]
    assert "without `stop on 404`" not in survivors
    assert "`failover on 404`" in survivors


def test_tests_that_state_every_call_of_the_survivors_let_none_survive() -> None:
    tests: list[Scenario] = []
    for mutant in mutants(plan()):
        for trunk in compare(mutant.before, mutant.after).trunks:
            for change in trunk.calls:
                if change.before is not None:
                    tests.append(as_test(change.before, f"{len(tests)}"))
    coverage = measure(plan(), tests)
    assert coverage.survivors == ()
    assert coverage.killed > 15


def test_a_survivors_test_compiles_and_notices_the_change() -> None:
    coverage, _ = measured(POLICY + DOWN)
    blocks = [one.block for one in coverage.survivors]
    assert len(blocks) > 5
    numbered = [re.sub('^test "', f'test "{place} ', one) for place, one in enumerate(blocks)]
    full, _ = measured(POLICY + DOWN + "\n".join(numbered))
    assert full.failing == ()
    assert full.survivors == ()
    assert full.killed_percent == 100


def test_percent_is_the_lower_of_the_two() -> None:
    everything = Coverage(tests=0, failing=(), parts=(), killed=0, survivors=())
    assert everything.percent == 100
    coverage, _ = measured(POLICY + DOWN)
    assert coverage.percent == min(coverage.exercised_percent, coverage.killed_percent)
    assert 0 < coverage.percent < 100


def test_every_part_has_its_line() -> None:
    compilation = compile_source(POLICY, "policy.sipfo")
    assert compilation.plan is not None
    known = lines(compilation.source.main)
    found = {part.words: known[key_of(part)] for part in parts(compilation.plan)}
    assert found == {
        "failover on 5xx": 5,
        'failover on 486 tagged "D5"': 6,
        "failover on cause 34": 7,
        "stop on 501": 8,
        "commit on 180": 9,
        "otherwise stop": 10,
        "no-response 2s": 11,
        "address us.primary": 18,
        "address us.secondary": 18,
        "route east": 19,
        "route west": 19,
    }
    assert all(key_of(mutant.part) in known for mutant in mutants(compilation.plan))


def test_what_is_imported_has_no_line() -> None:
    text = POLICY.replace("region us", "import telnyx\nregion us").replace(
        "retry   standard", "retry   telnyx.standard"
    )
    own = re.sub(r"retry standard \{.*?\n\}\n", "", text, flags=re.DOTALL)
    coverage, known = measured(own)
    drawn = draw_coverage(coverage, known)
    assert "imported" in drawn


def test_the_drawing_marks_what_is_exercised_and_lists_the_survivors() -> None:
    coverage, known = measured(POLICY + DOWN)
    text = draw_coverage(coverage, known)
    assert "retry standard  1 of 7" in text
    assert "  + line 5      failover on 5xx" in text
    assert "  - line 8      stop on 501" in text
    assert "  line 10     retry standard: `otherwise failover`" in text
    assert text.split("\n")[-2].startswith("exercised   36 %  4 of 11 parts")


def test_json_has_the_same_in_stable_keys() -> None:
    coverage, known = measured(POLICY + DOWN)
    found = coverage_json(coverage, known)
    assert found["tests"] == 1
    assert found["parts"][0] == {
        "block": "retry standard",
        "part": "failover on 5xx",
        "line": 5,
        "exercised": True,
    }
    assert all(one["test"].startswith("test ") for one in found["survivors"])


def test_a_mutant_is_the_plan_with_one_thing_changed() -> None:
    found = list(mutants(plan(deadline=20.0)))
    for mutant in found:
        assert mutant.before != mutant.after
        assert simulate(mutant.after, call()).result.kind == "answered"
    said = [mutant.words for mutant in found]
    assert {"`deadline 10s`", "pbx-west before pbx-east", "`order route-major`"} <= set(said)


@pytest.mark.parametrize(
    ("match", "said"),
    [
        (OnCode(code=503), "503"),
        (OnLocal(outcome="no-answer"), "no-answer"),
        (OnRange(first=500, last=599), "5xx"),
        (OnRange(first=500, last=598), "500-598"),
        (OnTag(code=486, tag="D5"), '486 tagged "D5"'),
        (OnCause(cause=34), "cause 34"),
    ],
)
def test_a_match_is_written_as_the_policy_writes_it(match: Match, said: str) -> None:
    assert match_words(match) == said
