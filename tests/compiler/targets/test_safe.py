"""A template prints what an encoder has returned, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, UndefinedError

from sipfo.compiler.targets.kamailio.encode import comment, literal, string
from sipfo.compiler.targets.safe import NotSafe, Safe, templates

PAGES: Environment = templates("kamailio")


def printed(text: str, **values: object) -> str:
    """What a template makes of values."""
    return PAGES.from_string(text).render(values)


@given(st.text() | st.floats() | st.booleans() | st.none() | st.binary() | st.lists(st.integers()))
def test_a_value_that_no_encoder_has_seen_is_refused(value: object) -> None:
    with pytest.raises(NotSafe):
        printed("{{ value }}", value=value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a literal' }}",
        "{{ one ~ two }}",
        "{{ one + 'x' }}",
        "{{ one | upper }}",
        "{{ one[0] }}",
        "{{ [one] | join }}",
        "{{ '%s' % one }}",
        "{% for letter in one %}{{ letter }}{% endfor %}",
    ],
)
def test_what_is_made_of_safe_texts_is_not_safe(text: str) -> None:
    with pytest.raises(NotSafe):
        printed(text, one=Safe("one"), two=Safe("two"))


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(NotSafe, match="Undefined"):
        printed("{{ nobody }}")
    with pytest.raises(UndefinedError):
        printed("{% if nobody %}{% endif %}")


@given(st.text(st.characters(exclude_categories=["C"])))
def test_encoded_texts_and_whole_numbers_are_printed_as_they_are(text: str) -> None:
    assert printed("{{ one }} {{ two }}", one=string(text), two=42) == f"{string(text)} 42"
    assert printed("{{ one }}", one=comment(text)) == comment(text)
    assert printed("{{ one }}", one=literal("/a/path")) == "/a/path"
