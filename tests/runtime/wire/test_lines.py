"""Lines of records on a disk that tears, fills up, rotates, and belongs to somebody else."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from runtime.accounts import CANCELLED, EPOCH, OVER, REFUSED, UP, numbered, row
from sipfo.runtime.row import unix
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.book import CannotKeep, CannotWrite
from sipfo.runtime.wire.lines import Lines, form_of, read_lines

SUFFIXES = pytest.mark.parametrize("suffix", [".jsonl", ".csv"])


def written(path: Path, *batches: list[int]) -> bytes:
    """A file with a batch of calls for each list, as it is afterwards."""
    book = Lines(path)
    for batch in batches:
        book.write([row(numbered(n)) for n in batch], EPOCH)
    book.close()
    return path.read_bytes()


def calls(path: Path) -> list[str]:
    return [one.call for one in read_lines(path, Wanted())]


@SUFFIXES
def test_of_several_lines_about_a_call_the_last_holds(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"calls{suffix}"
    book = Lines(path)
    book.write([row(REFUSED), row(UP)], EPOCH)
    book.write([row(OVER)], EPOCH)
    book.close()
    assert list(read_lines(path, Wanted())) == [row(OVER), row(REFUSED)]
    assert list(read_lines(path, Wanted(failed=True))) == [row(REFUSED)]


@SUFFIXES
def test_a_torn_last_line_is_cut_off_at_the_next_start(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"calls{suffix}"
    whole = written(path, [1, 2])
    for cut in (1, 2, 40):
        path.write_bytes(whole[:-cut])
        assert calls(path) == [numbered(1).call]
        Lines(path).close()
        assert whole.startswith(path.read_bytes())
        assert path.read_bytes().endswith(b"\n")
        written(path, [3])
        assert calls(path) == [numbered(1).call, numbered(3).call]


@SUFFIXES
def test_a_file_torn_in_its_first_line_begins_anew(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"calls{suffix}"
    whole = written(path, [1])
    path.write_bytes(whole[:7])
    assert written(path, [1]) == whole


def test_a_torn_end_longer_than_a_block_is_found(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    whole = written(path, [1])
    path.write_bytes(whole + b"x" * 200_000)
    Lines(path).close()
    assert path.read_bytes() == whole


@SUFFIXES
def test_what_a_full_disk_took_of_a_batch_is_taken_back(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"calls{suffix}"
    book = Lines(path)
    book.write([row(numbered(1))], EPOCH)
    whole, write = path.read_bytes(), os.write
    room = [50, 7]

    def filling(file: int, data: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data[: room.pop()])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", filling)
        with pytest.raises(CannotWrite, match="No space left"):
            book.write([row(numbered(2)), row(numbered(3))], EPOCH)
    assert path.read_bytes()[: len(whole)] == whole
    book.write([row(numbered(2)), row(numbered(3))], EPOCH)
    book.close()
    assert calls(path) == [numbered(n).call for n in (1, 2, 3)]
    assert len(path.read_bytes().splitlines()) == 3 + (suffix == ".csv")


@SUFFIXES
def test_calls_that_a_crash_left_open_ended_at_the_last_sign_of_life(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"calls{suffix}"
    book = Lines(path)
    book.write([row(UP), row(REFUSED), row(CANCELLED)], EPOCH)
    book.write([], EPOCH)
    os.utime(path, (EPOCH + 41.6, EPOCH + 41.6))
    book.close()

    again = Lines(path)
    assert again.lose_open() == 1
    assert again.lose_open() == 0
    again.close()
    (found,) = read_lines(path, Wanted(call=UP.call))
    assert (found.state, found.talked) == ("lost", 30.0)
    assert unix(found.ended or "") == EPOCH + 41.6


def test_a_heartbeat_moves_the_file_s_time_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    before = written(path, [1])
    os.utime(path, (EPOCH, EPOCH))
    assert written(path, []) == before
    assert path.stat().st_mtime > EPOCH


def test_after_log_rotation_it_goes_on_in_a_new_file(tmp_path: Path) -> None:
    path, old = tmp_path / "calls.csv", tmp_path / "calls.csv.1"
    book = Lines(path)
    book.write([row(numbered(1))], EPOCH)
    path.rename(old)
    book.write([row(numbered(2))], EPOCH)
    book.close()
    assert (calls(old), calls(path)) == ([], [numbered(2).call])


def test_after_a_rotation_in_place_it_goes_on_at_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    book = Lines(path)
    book.write([row(numbered(1))], EPOCH)
    os.truncate(path, 0)
    book.write([row(numbered(2))], EPOCH)
    book.close()
    assert calls(path) == [numbered(2).call]
    assert b"\0" not in path.read_bytes()


@SUFFIXES
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"calls{suffix}"
    path.write_bytes(b"dear diary, no newline here")
    with pytest.raises(CannotKeep, match="something else"):
        Lines(path)
    assert path.read_bytes() == b"dear diary, no newline here"


def test_one_that_takes_its_place_is_left_alone_too(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    book = Lines(path)
    book.write([row(numbered(1))], EPOCH)
    path.unlink()
    path.write_bytes(b"dear diary")
    for _ in range(2):
        with pytest.raises(CannotWrite, match="something else"):
            book.write([row(numbered(2))], EPOCH)
    assert path.read_bytes() == b"dear diary"
    path.unlink()
    book.write([row(numbered(2))], EPOCH)
    book.close()
    assert calls(path) == [numbered(2).call]


@SUFFIXES
def test_two_servers_never_write_one_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"calls{suffix}"
    book = Lines(path)
    with pytest.raises(CannotKeep, match="another process keeps its records there"):
        Lines(path)
    book.close()
    Lines(path).close()


def test_records_are_not_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    Lines(path).close()
    assert path.stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("name", ["", "none/calls.jsonl"])
def test_a_path_that_cannot_be_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotKeep, match="cannot write"):
        Lines(tmp_path / name)


def test_a_device_is_no_book(tmp_path: Path) -> None:
    with pytest.raises(CannotKeep, match="not a regular file"):
        Lines(Path("/dev/null"))


def test_what_somebody_wrote_into_it_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    written(path, [1])
    with path.open("ab") as file:
        file.write(b"# checked, Ann\n\n{}\n")
    assert written(path, [2]).count(b"# checked, Ann\n") == 1
    assert calls(path) == [numbered(1).call, numbered(2).call]


def test_reading_what_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotKeep, match=r"cannot read .*: No such file"):
        read_lines(tmp_path / "calls.jsonl", Wanted())


def test_the_form_goes_by_the_suffix() -> None:
    assert form_of(Path("a.csv")).head.startswith(b"state,call,")
    assert form_of(Path("a.jsonl")).head == b""
