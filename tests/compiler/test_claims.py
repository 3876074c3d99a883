"""The compiler's order of claims is the executors' order."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from compiler.policies import CORRECT
from sipfo.compiler.claims import Claims
from sipfo.compiler.gather.policy import gather
from sipfo.compiler.pipeline import compile_source
from sipfo.grammar.parser import parse
from sipfo.grammar.source import Source
from sipfo.plan.numbering import Numbering

digits = st.text("12", min_size=1, max_size=4)
claim = st.one_of(
    digits.map(lambda text: f"+{text}"),
    st.tuples(st.integers(1, 4), digits, digits).map(
        lambda made: " .. ".join(sorted(f"+{text:1<4}"[: made[0] + 1] for text in made[1:]))
    ),
    st.just("any"),
)


@settings(max_examples=60, deadline=None)
@example([["+1111 .. +1111", "+1111 .. +2111"]], "1112")
@given(st.lists(st.lists(claim, min_size=1, max_size=3), min_size=1, max_size=3), digits)
def test_a_number_goes_where_the_plan_sends_it(trunks: list[list[str]], number: str) -> None:
    head = CORRECT.partition("trunk acme")[0]
    text = head + "".join(
        f"trunk t{n} {{ numbers {', '.join(claims)} accept anyone from us\n"
        f"routes sequential pbx-east, pbx-west retry standard }}\n"
        for n, claims in enumerate(trunks)
    )
    made = compile_source(text, "policy.sipfo")
    if made.plan is None:
        wrong = {one.code for one in made.diagnostics if one.severity == "error"}
        assert wrong == {"SF505"}
        return
    policy, _ = gather(parse(Source(text, "policy.sipfo"))[0])
    found = Claims(policy).of(f"+{number}")
    expected = Numbering(made.plan).trunk_of(f"+{number}")
    assert (found.trunk.name.text if found else None) == (expected.name if expected else None)
