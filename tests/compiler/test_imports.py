"""Reading a policy's files: each once, circles and limits told, nothing opened here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.compiler.imports import (
    DEEPEST,
    MOST_FILES,
    Failure,
    Load,
    Loaded,
    Parts,
    library_names,
    read_parts,
)
from sipfo.grammar import tree


def disk(files: dict[str, str], opened: list[str] | None = None) -> Load:
    """Files by name; a name and `./name` are the same file."""

    def load(importing: str, wanted: str) -> Loaded | Failure:
        name = wanted.removeprefix("./")
        if opened is not None:
            opened.append(name)
        if name not in files:
            return Failure("no such file", tuple(files))
        return Loaded(wanted, name, files[name].encode())

    return load


def importing(*names: str, more: str = "") -> str:
    return "sipfo 1\n" + "".join(f'import "{name}"\n' for name in names) + more


def read(main: str, files: dict[str, str]) -> Parts:
    return read_parts(main, "main", disk(files), "main")


def codes(parts: Parts) -> list[str]:
    return [one.code for one in parts.found]


def test_a_file_that_two_import_is_read_once() -> None:
    files = {
        "a": importing("c"),
        "b": importing("./c"),
        "c": importing(more="route r { to sip:h }"),
    }
    parts = read(importing("a", "b"), files)
    assert codes(parts) == []
    assert [part.source.path for part in parts.parts] == ["main", "a", "c", "b"]


def test_files_share_one_space_of_offsets() -> None:
    parts = read(importing("a"), {"a": importing(more="route r { to sip:h }")})
    main, other = parts.sources.files
    assert (main.base, other.base) == (0, main.span.end + 1)
    route = parts.parts[1].tree.statements[-1]
    assert isinstance(route, tree.Route)
    assert parts.sources.excerpt(route.span) == "route r { to sip:h }"
    assert parts.sources.of(route.span.start).path == "a"


def test_a_circle_is_told_once_with_both_ends() -> None:
    parts = read(importing("a"), {"a": importing("b"), "b": importing("main"), "main": "sipfo 1"})
    (found,) = parts.found
    assert found.message == "files import each other: `main` → `a` → `b` → `main`"
    assert parts.sources.of(found.span.start).path == "b"
    assert [parts.sources.of(label.span.start).path for label in found.secondary] == ["main"]
    assert len(parts.parts) == 3


def test_a_circle_that_does_not_come_back_to_the_policy_begins_where_it_begins() -> None:
    parts = read(importing("a"), {"a": importing("b"), "b": importing("a")})
    (found,) = parts.found
    assert found.message == "files import each other: `a` → `b` → `a`"
    assert parts.sources.of(found.secondary[0].span.start).path == "a"


def test_a_file_may_not_import_itself() -> None:
    (found,) = read(importing("main"), {"main": importing("main")}).found
    assert (found.code, found.secondary) == ("SF206", ())


def test_a_long_circle_is_shortened() -> None:
    files = {str(n): importing(str(n + 1)) for n in range(9)} | {"9": importing("main"), "main": ""}
    (found,) = read(importing("0"), files).found
    assert found.message == "files import each other: `main` → `0` → `1` → `2` → … → `main`"


def chain(length: int) -> dict[str, str]:
    return {str(n): importing(str(n + 1)) for n in range(1, length)} | {str(length): "sipfo 1"}


def test_imports_have_a_greatest_depth() -> None:
    assert codes(read(importing("1"), chain(DEEPEST))) == []
    parts = read(importing("1"), chain(DEEPEST + 1))
    assert codes(parts) == ["SF205"]
    assert len(parts.parts) == DEEPEST + 1


def test_a_policy_has_a_greatest_number_of_files_and_says_so_once() -> None:
    names = [f"f{n}" for n in range(MOST_FILES + 5)]
    files = dict.fromkeys(names, "sipfo 1")
    assert codes(read(importing(*names[: MOST_FILES - 1]), files)) == []
    parts = read(importing(*names), files)
    assert codes(parts) == ["SF205"]
    assert len(parts.parts) == MOST_FILES


def test_what_could_not_be_read_may_have_declared_any_name() -> None:
    assert read(importing("nowhere"), {}).main.tree.imports
    assert not read(importing("a"), {"a": "sipfo 1"}).main.tree.imports
    assert read(importing("a"), {"a": "sipfo 2"}).parts[1].tree.imports


def test_a_policy_in_another_version_imports_nothing() -> None:
    opened: list[str] = []
    load = disk({"a": "sipfo 1"}, opened)
    parts = read_parts('sipfo 2\nimport "a"', "main", load, "main")
    assert (codes(parts), opened, parts.main.usable) == (["SF301"], [], False)


def test_an_imported_file_that_is_no_text_is_told_and_the_others_are_read() -> None:
    def load(importing: str, wanted: str) -> Loaded | Failure:
        return Loaded(wanted, wanted, b"\xff" if wanted == "a" else b"sipfo 1")

    parts = read_parts(importing("a", "b"), "main", load, "main")
    assert codes(parts) == ["SF001"]
    assert [part.usable for part in parts.parts] == [True, False, True]


def test_without_a_loader_files_are_not_available() -> None:
    (found,) = read_parts(importing("a"), "main", None, None).found
    assert found.message == "`a` cannot be read: files are not available here"


@given(st.lists(st.lists(st.integers(0, 4), max_size=4, unique=True), min_size=5, max_size=5))
def test_any_web_of_imports_is_read_once_and_its_circles_are_found(web: list[list[int]]) -> None:
    files = {str(n): importing(*map(str, names)) for n, names in enumerate(web)}
    parts = read_parts(files["0"], "0", disk(files), "0")
    reached = reachable(web, [0])
    assert sorted(part.source.path for part in parts.parts) == [str(n) for n in sorted(reached)]
    circular = any(n in reachable(web, web[n]) for n in reached)
    assert set(codes(parts)) == ({"SF206"} if circular else set())


def reachable(web: list[list[int]], start: list[int]) -> set[int]:
    found, todo = set(start), list(start)
    while todo:
        new = set(web[todo.pop()]) - found
        found |= new
        todo += new
    return found


@pytest.mark.parametrize("name", library_names())
def test_a_library_holds_facts_and_nothing_else(name: str) -> None:
    parts = read_parts(f"sipfo 1\nimport {name}\n", "main", None, None)
    library = parts.parts[1]
    assert codes(parts) == []
    assert (library.library, library.source.path) == (name, f"sipfo/library/{name}.sipfo")
    facts = tree.Version | tree.Note | tree.Source | tree.Region | tree.Retry
    assert all(isinstance(one, facts) for one in library.tree.statements)


def test_the_libraries_that_the_language_names_are_there() -> None:
    named = {"telnyx", "twilio", "didww", "vonage", "teams", "cube", "rfc3263"}
    assert named <= set(library_names())
