"""A folder gets all files or none, whatever fails on the way, and keeps what is not ours."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.compiler.targets.folder import MANIFEST, PROGRAM, SECRET, File, NotOurs, write

OLD = {"a": File("old a"), "data/b": File("old b"), "gone": File("old gone")}
NEW = {"a": File("new a"), "data/b": File("new b", SECRET), "data/c": File("new c", PROGRAM)}


def held(folder: Path) -> dict[str, str]:
    """Every file below a folder, with what it holds."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def texts(files: dict[str, File]) -> dict[str, str]:
    """What a folder with these files and nothing else holds."""
    return {
        **{name: one.text for name, one in files.items()},
        MANIFEST: "".join(f"{n}\n" for n in files),
    }


def test_what_is_written_is_there_with_its_mode_and_no_more(tmp_path: Path) -> None:
    write(tmp_path, OLD)
    assert held(tmp_path) == texts(OLD)
    write(tmp_path, NEW)
    assert held(tmp_path) == texts(NEW)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in NEW}
    assert modes == {"a": 0o644, "data/b": 0o600, "data/c": 0o755}


def test_a_secret_is_nobody_elses_before_it_is_in_place_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    whole = os.fchmod

    def look(descriptor: int, mode: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        whole(descriptor, mode)

    monkeypatch.setattr(os, "fchmod", look)
    write(tmp_path, NEW)
    assert set(seen) == {0o600}


def failing_at(call: int, real: Callable[..., object]) -> Callable[..., object]:
    """The function, of which one call fails as on a disk that is full."""
    calls = iter(range(1_000_000))

    def fails(*arguments: object, **more: object) -> object:
        if next(calls) == call:
            raise OSError(28, "No space left on device")
        return real(*arguments, **more)

    return fails


@pytest.mark.parametrize("call", range(len(NEW) + 1))
@pytest.mark.parametrize("name", ["fsync", "replace", "fchmod"])
@pytest.mark.parametrize("before", [{}, OLD], ids=["empty", "an earlier compile"])
def test_a_failure_at_any_moment_leaves_every_file_as_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: dict[str, File],
    name: str,
    call: int,
) -> None:
    if before:
        write(tmp_path, before)
    was = held(tmp_path)
    modes = {one: (tmp_path / one).stat().st_mode for one in was}
    with monkeypatch.context() as broken:
        if name == "replace":
            broken.setattr(Path, "replace", failing_at(call, Path.replace))
        else:
            broken.setattr(os, name, failing_at(call, getattr(os, name)))
        with pytest.raises(OSError, match="No space left"):
            write(tmp_path, NEW)
    assert held(tmp_path) == was
    assert {one: (tmp_path / one).stat().st_mode for one in was} == modes
    write(tmp_path, NEW)
    assert held(tmp_path) == texts(NEW)


def test_a_file_of_somebody_else_stays(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(NotOurs, match="was not written by sipfo: move it, or use --force"):
        write(tmp_path, NEW)
    assert held(tmp_path) == {"a": "mine"}
    write(tmp_path, NEW, force=True)
    assert held(tmp_path) == texts(NEW)


def test_what_nobody_listed_is_not_removed(tmp_path: Path) -> None:
    write(tmp_path, OLD)
    (tmp_path / "data" / "notes").write_text("mine")
    write(tmp_path, NEW)
    assert held(tmp_path) == {**texts(NEW), "data/notes": "mine"}


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").symlink_to(outside)
    with pytest.raises(NotOurs):
        write(folder, NEW)
    write(folder, NEW, force=True)
    assert outside.read_text() == "mine"
    (folder / "data" / "c").unlink()
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotOurs):
        write(folder, {**NEW, "dangling": File("x")})


@pytest.mark.parametrize("line", ["/etc/passwd", "../outside", "data/../../outside", "..", ""])
def test_a_list_that_leads_out_of_the_folder_removes_nothing_there(
    tmp_path: Path, line: str
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "folder"
    write(folder, OLD)
    with (folder / MANIFEST).open("a") as listing:
        listing.write(f"{line}\n")
    write(folder, NEW)
    assert outside.read_text() == "mine"
    assert held(folder) == texts(NEW)


@given(st.binary(max_size=40).filter(lambda raw: b"\r" not in raw))
def test_any_bytes_of_a_secret_come_out_as_they_were(raw: bytes) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        write(Path(folder), {"secret": File(raw.decode("utf-8", "surrogateescape"), SECRET)})
        assert (Path(folder) / "secret").read_bytes() == raw
