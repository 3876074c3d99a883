"""An audit on a terminal: whole lines where they fit, two where not, and no meaning by colour."""

from __future__ import annotations

from sipfo.verify.audit.audit import audit
from sipfo.verify.audit.draw import draw_audit
from sipfo.verify.style import ASCII, Style
from verify.seed import plan

MANY = plan().model_copy(
    update={
        "trunks": tuple(
            plan().trunks[0].model_copy(update={"name": f"trunk-{place}"}) for place in range(9)
        )
    }
)


def test_a_row_that_does_not_fit_is_two_lines() -> None:
    text = draw_audit(audit(plan()), Style(width=80))
    assert "  us.primary 192.76.120.10\n      silent  answered after 4.10 s\n" in text
    assert all(len(line) <= 80 for line in text.split("\n"))
    wide = draw_audit(audit(plan()))
    assert "us.primary 192.76.120.10                      silent  answered after 4.10 s" in wide


def test_a_grid_that_does_not_fit_is_a_list_for_each_trunk() -> None:
    found = audit(MANY)
    grid = draw_audit(found)
    assert grid.split("\n")[0].split() == [f"trunk-{place}" for place in range(9)]
    lists = draw_audit(found, Style(width=80))
    assert lists.split("\n")[0] == "trunk-0  1 of 5 things loses calls alone"
    assert all(len(line) <= 80 for line in lists.split("\n"))


def test_a_grid_is_never_wider_than_a_page() -> None:
    trunks = tuple(
        MANY.trunks[0].model_copy(update={"name": f"trunk-{place}"}) for place in range(40)
    )
    text = draw_audit(audit(MANY.model_copy(update={"trunks": trunks})))
    assert text.startswith("trunk-0  1 of 5 things loses calls alone\n")


def test_colour_adds_nothing_but_colour() -> None:
    painted = draw_audit(audit(MANY, depth=2), Style(colour=True))
    plain = draw_audit(audit(MANY, depth=2))
    for code in ("\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[2m", "\x1b[0m"):
        assert code in painted
        painted = painted.replace(code, "")
    assert painted == plain
    assert "lost" in plain


def test_an_ascii_terminal_gets_ascii() -> None:
    trunk = MANY.trunks[1].model_copy(update={"routes": ("pbx-west",)})
    found = audit(MANY.model_copy(update={"trunks": (MANY.trunks[0], trunk)}))
    assert draw_audit(found, Style(signs=ASCII)).isascii()
