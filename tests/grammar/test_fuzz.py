"""Any bytes and any damage to an example give diagnostics or a plan, never a traceback."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bless import EXAMPLES
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.report.json import render_json, to_json
from sipfo.compiler.report.text import render

TEXTS = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.sipfo"))]
TOKENS = sorted({token for text in TEXTS for token in re.findall(r'"[^"\n]*"|\w+|[^\w\s]', text)})
fuzz = settings(max_examples=60, deadline=None)


def sound(made: Compilation) -> None:
    """What holds for every compilation."""
    errors = [one for one in made.diagnostics if one.severity == "error"]
    assert (made.plan is None) == bool(errors)
    for one in made.diagnostics:
        for span in (one.span, *(label.span for label in one.secondary)):
            whole = made.source.of(span.start).span
            assert whole.start <= span.start <= span.end <= whole.end
    assert (render(made.source, made.diagnostics) == "") == (not made.diagnostics)
    assert render_json(to_json(made.source, made.diagnostics))


@fuzz
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    sound(compile_source(data, "x"))


@fuzz
@given(
    st.text(
        alphabet=st.sampled_from('sipfo 1{},".#;:\n\r\t\x00\x0b\u00a0\u2028\ufeffé+'), max_size=200
    )
)
def test_any_text(text: str) -> None:
    sound(compile_source(text, "x"))


@fuzz
@given(st.lists(st.sampled_from(TOKENS), max_size=60))
def test_any_words_of_the_language(tokens: list[str]) -> None:
    sound(compile_source("sipfo 1\n" + " ".join(tokens), "x"))


@fuzz
@given(
    st.sampled_from(TEXTS),
    st.lists(
        st.tuples(
            st.sampled_from(["delete", "double", "replace", "swap", "cut"]),
            st.integers(0, 10_000),
            st.sampled_from(TOKENS),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_any_damage_to_an_example(text: str, damage: list[tuple[str, int, str]]) -> None:
    parts = re.findall(r'"[^"\n]*"|\w+|[^\w\s]|\s+', text)
    for kind, place, token in damage:
        if not parts:
            break  # there is nothing left to damage
        at = place % len(parts)
        match kind:
            case "delete":
                del parts[at]
            case "double":
                parts.insert(at, parts[at])
            case "replace":
                parts[at] = token
            case "swap":
                other = (place // 7) % len(parts)
                parts[at], parts[other] = parts[other], parts[at]
            case _:
                del parts[at + 1 :]
    sound(compile_source("".join(parts), "x"))


@fuzz
@given(st.sampled_from(TEXTS), st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_any_damage_to_an_examples_bytes(text: str, place: int, data: bytes) -> None:
    encoded = text.encode()
    at = place % len(encoded)
    sound(compile_source(encoded[:at] + data + encoded[at + 1 :], "x"))
