"""`sipfo fmt`: what is written where, what is said, and the exit status that goes with it."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.command import POLICY, program, sipfo
from sipfo.cli.main import cli

UGLY = POLICY.replace("retry standard {", "retry   standard{") + "\n\n\n\n# the end"
CANONICAL = POLICY + "\n\n# the end\n"
UNREADABLE = POLICY + "route {"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def piped(text: bytes, *options: str) -> Result:
    """Format what stands on standard input."""
    return CliRunner().invoke(cli, ["fmt", *options, "-"], prog_name="sipfo", input=text)


def test_a_file_is_rewritten_and_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sipfo", UGLY)
    result = sipfo("fmt", str(path))
    assert (result.exit_code, result.output) == (0, f"{path}\n")
    assert path.read_text() == CANONICAL


def test_a_file_that_is_as_it_should_be_is_not_touched(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sipfo", CANONICAL)
    before = path.stat()
    result = sipfo("fmt", str(path))
    assert (result.exit_code, result.output) == (0, "")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_link_stays_a_link_and_a_mode_stays(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sipfo", UGLY)
    path.chmod(0o640)
    link = tmp_path / "link.sipfo"
    link.symlink_to(path)
    assert sipfo("fmt", str(link)).exit_code == 0
    assert link.is_symlink()
    assert path.read_text() == CANONICAL
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_byte_order_mark_and_carriage_returns_go(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sipfo", "\ufeff" + CANONICAL.replace("\n", "\r\n"))
    assert sipfo("fmt", str(path)).exit_code == 0
    assert path.read_bytes() == CANONICAL.encode()


def test_check_lists_what_would_change_and_writes_nothing(tmp_path: Path) -> None:
    ugly = write(tmp_path, "ugly.sipfo", UGLY)
    fine = write(tmp_path, "fine.sipfo", CANONICAL)
    result = sipfo("fmt", "--check", str(ugly), str(fine))
    assert (result.exit_code, result.output) == (1, f"{ugly}\n")
    assert ugly.read_text() == UGLY
    assert sipfo("fmt", "--check", str(fine)).exit_code == 0


def test_diff_is_one_that_patch_takes_and_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sipfo", UGLY)
    result = sipfo("fmt", "--diff", str(path))
    assert result.exit_code == 1
    assert path.read_text() == UGLY
    assert "\x1b" not in result.output
    lines = result.output.split("\n")
    assert lines[:2] == [f"--- {path}", f"+++ {path}"]
    assert "-retry   standard{" in lines
    assert "+retry standard {" in lines
    at = lines.index("-# the end")
    assert lines[at + 1 : at + 3] == ["\\ No newline at end of file", "+# the end"]


def test_diff_of_what_is_as_it_should_be_is_empty(tmp_path: Path) -> None:
    result = sipfo("fmt", "--diff", str(write(tmp_path, "a.sipfo", CANONICAL)))
    assert (result.exit_code, result.output) == (0, "")


def test_diff_shows_a_carriage_return_as_it_is_when_it_is_piped(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sipfo", "sipfo 1\r\n")
    done = program("fmt", "--diff", str(path))
    assert b"-sipfo 1\r\n+sipfo 1\n" in done.stdout


def test_diff_is_coloured_on_a_terminal_and_steers_it_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "a.sipfo", "sipfo  1 # \x1b[2J\r\n")
    for name, value in (("TERM", "xterm"), ("NO_COLOR", "")):
        monkeypatch.setenv(name, value)
    script = (
        "import sys\n"
        "sys.stdout.isatty = lambda: True\n"
        "from sipfo.cli.main import main\n"
        f"sys.argv = ['sipfo', 'fmt', '--diff', {str(path)!r}]\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"\x1b[31m-sipfo  1 # \\x1b[2J\\x0d\x1b[0m\n" in done.stdout
    assert b"\x1b[32m+sipfo 1  # \\x1b[2J\x1b[0m\n" in done.stdout


def test_a_syntax_error_is_shown_and_its_file_left_and_the_others_done(tmp_path: Path) -> None:
    broken = write(tmp_path, "broken.sipfo", UNREADABLE)
    ugly = write(tmp_path, "ugly.sipfo", UGLY)
    result = sipfo("fmt", str(broken), str(ugly))
    assert result.exit_code == 1
    assert "broken.sipfo:18:7" in result.stderr
    assert result.stdout == f"{ugly}\n"
    assert broken.read_text() == UNREADABLE
    assert ugly.read_text() == CANONICAL


def test_a_file_that_cannot_be_read_exits_2_and_the_others_are_done(tmp_path: Path) -> None:
    broken = write(tmp_path, "broken.sipfo", UNREADABLE)
    ugly = write(tmp_path, "ugly.sipfo", UGLY)
    result = sipfo("fmt", str(tmp_path / "none.sipfo"), str(tmp_path), str(broken), str(ugly))
    assert result.exit_code == 2
    assert result.stderr.count("sipfo: cannot read ") == 2
    assert ugly.read_text() == CANONICAL


def test_a_plan_is_no_policy(tmp_path: Path) -> None:
    path = write(tmp_path, "plan.json", '{"version": 1}')
    result = sipfo("fmt", str(path))
    assert result.exit_code == 2
    assert "is a plan" in result.stderr
    assert path.read_text() == '{"version": 1}'


@pytest.mark.parametrize(
    ("data", "told"),
    [(b'sipfo  1\nnote "\xff"\n', "not UTF-8"), (b"sipfo  2\n", "reads version 1")],
)
def test_what_is_not_the_languages_is_left_as_it_is(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "a.sipfo"
    path.write_bytes(data)
    result = sipfo("fmt", str(path))
    assert result.exit_code == 1
    assert told in result.stderr
    assert path.read_bytes() == data


def test_a_policy_with_other_mistakes_is_formatted(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sipfo", "route a{to nonsense}")
    assert sipfo("fmt", str(path)).exit_code == 0
    assert path.read_text() == "route a { to nonsense }\n"


def test_standard_input_goes_to_standard_output(tmp_path: Path) -> None:
    result = piped(UGLY.encode())
    assert (result.exit_code, result.stdout) == (0, CANONICAL)
    assert piped(CANONICAL.encode()).stdout == CANONICAL


def test_standard_input_with_an_error_gives_no_output() -> None:
    result = piped(UNREADABLE.encode())
    assert (result.exit_code, result.stdout) == (1, "")
    assert "<stdin>:18:7" in result.stderr


@pytest.mark.parametrize(
    ("option", "told"), [("--check", "<stdin>\n"), ("--diff", "--- <stdin>\n")]
)
def test_standard_input_is_checked_and_compared_like_a_file(option: str, told: str) -> None:
    result = piped(UGLY.encode(), option)
    assert result.exit_code == 1
    assert result.stdout.startswith(told)
    assert piped(CANONICAL.encode(), option).exit_code == 0


def test_standard_input_stands_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "a.sipfo", UGLY)
    result = sipfo("fmt", "-", str(path))
    assert result.exit_code == 2
    assert path.read_text() == UGLY


def test_nothing_to_format_is_wrong_usage() -> None:
    assert sipfo("fmt").exit_code == 2


def test_a_closed_standard_input_is_one_line(tmp_path: Path) -> None:
    code = f"exec {sys.executable} -m sipfo.cli.main fmt - <&-"
    done = subprocess.run(["sh", "-c", code], capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr == b"sipfo: cannot read <stdin>: it is closed\n"
