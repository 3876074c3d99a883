"""Where `sipfo run` takes the plan's secrets from, and which files it will not read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import Result

from cli.command import POLICY, sipfo
from sipfo.cli.reading import Unusable
from sipfo.cli.secrets import HELP, MOST_BYTES, read_secrets, secrets_of
from sipfo.compiler.pipeline import compile_source
from sipfo.plan.model import Plan
from sipfo.runtime.secret import Secret

SAID = "correct horse"
GUARDED = POLICY.replace("from 203.0.113.0/24", 'credential "ann" password secret ANN_PW').replace(
    "to sip:198.51.100.10", 'to sip:198.51.100.10 auth "acme" password secret OURS'
)


def plan() -> Plan:
    made = compile_source(GUARDED.encode(), "policy.sipfo").plan
    assert made is not None
    return made


def file_of(folder: Path, text: bytes, mode: int = 0o600) -> str:
    path = folder / "secrets"
    path.write_bytes(text)
    path.chmod(mode)
    return str(path)


def refusal(path: str) -> str:
    """Why a file is refused, without its folder; no message holds a value."""
    with pytest.raises(Unusable) as caught:
        read_secrets(path)
    text = caught.value.format_message()
    assert SAID not in text
    return text.replace(f"{Path(path).parent}/", "")


# The file.


def test_a_file_holds_names_and_values_comments_and_blank_lines(tmp_path: Path) -> None:
    text = f'# ours\n\n  \nOURS={SAID}\r\n  # theirs\nANN_PW=a=b # "c"\nEMPTY='.encode()
    assert read_secrets(file_of(tmp_path, text)) == {
        "OURS": Secret(SAID),
        "ANN_PW": Secret('a=b # "c"'),
        "EMPTY": Secret(""),
    }


def test_a_value_is_bytes(tmp_path: Path) -> None:
    found = read_secrets(file_of(tmp_path, b"OURS=\xff\xc3\xa4\x85\x0b x "))
    assert found["OURS"].reveal() == b"\xff\xc3\xa4\x85\x0b x "


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"{SAID}", "secrets:2: write `NAME=value`"),
        (f"export OURS={SAID}", "secrets:2: write `NAME=value`"),
        (f"OURS ={SAID}", "secrets:2: write `NAME=value`"),
        (f"9={SAID}", "secrets:2: write `NAME=value`"),
        (f"={SAID}", "secrets:2: write `NAME=value`"),
        (f"FIRST={SAID}", "secrets:2: `FIRST` has a value already"),
        (f'OURS="{SAID}"', "secrets:2: write the value of `OURS` without quotes"),
        (f"OURS='{SAID}'", "secrets:2: write the value of `OURS` without quotes"),
    ],
)
def test_a_line_that_is_none_is_named_by_its_number(tmp_path: Path, line: str, why: str) -> None:
    assert refusal(file_of(tmp_path, f"FIRST={SAID}\n{line}\n".encode())) == why


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (0o644, "secrets: others may read it (mode 0644)"),
        (0o604, "secrets: others may read it (mode 0604)"),
        (0o602, "secrets: others may change it (mode 0602)"),
        (0o660, "secrets: the group may change it (mode 0660)"),
    ],
)
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int, why: str) -> None:
    path = file_of(tmp_path, f"OURS={SAID}".encode(), mode)
    assert refusal(path) == f"{why}\nrun: chmod g-w,o= secrets"
    Path(path).chmod(mode & 0o750 & ~0o020)  # what that comes to
    assert read_secrets(path) == {"OURS": Secret(SAID)}


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_a_file_of_its_owner_and_group_is_read(tmp_path: Path, mode: int) -> None:
    assert read_secrets(file_of(tmp_path, b"OURS=x", mode)) == {"OURS": Secret("x")}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    assert refusal(str(pipe)) == "pipe: not a file"
    assert refusal(str(tmp_path / "none")) == "cannot read none: No such file or directory"
    assert "Is a directory" in refusal(str(tmp_path))
    assert "cannot read" in refusal("a\0b")


def test_a_file_without_an_end_is_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path, b"#" * (MOST_BYTES + 1))
    assert refusal(path) == "secrets: longer than 1 MiB"


# The file and the environment.


def test_the_environment_has_what_the_plan_names() -> None:
    found = secrets_of(plan(), None, {"ANN_PW": "a", "OURS": "b", "HOME": "/root"})
    assert found == {"ANN_PW": Secret("a"), "OURS": Secret("b")}


def test_the_file_comes_before_the_environment(tmp_path: Path) -> None:
    path = file_of(tmp_path, b"OURS=file\nOTHER=x")
    found = secrets_of(plan(), path, {"ANN_PW": "around", "OURS": "around"})
    assert found == {"ANN_PW": Secret("around"), "OURS": Secret("file")}


@pytest.mark.parametrize("empty", [False, True])
def test_a_secret_that_is_nowhere_is_named_with_who_uses_it(empty: bool) -> None:
    around = {"ANN_PW": SAID, **({"OURS": ""} if empty else {})}
    with pytest.raises(Unusable) as caught:
        secrets_of(plan(), None, around)
    assert caught.value.format_message() == f"no value for the secret `OURS` (route east)\n{HELP}"


def test_a_plan_without_secrets_needs_none() -> None:
    assert secrets_of(compile_source(POLICY.encode(), "p").plan or plan(), None, {}) == {}


# The command.


def run(folder: Path, *options: str) -> Result:
    policy = folder / "policy.sipfo"
    policy.write_text(GUARDED, encoding="utf-8")
    return sipfo("run", str(policy), *options)


def test_run_says_what_is_missing_before_it_opens_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OURS", raising=False)
    monkeypatch.delenv("ANN_PW", raising=False)
    result = run(tmp_path)
    assert result.exit_code == 2
    assert result.output == (
        "sipfo: no value for the secrets `OURS` (route east), `ANN_PW` (trunk acme)\n"
        "set it in the environment, or name a file: `sipfo run --secrets FILE`\n"
    )


def test_run_refuses_a_file_that_others_may_read(tmp_path: Path) -> None:
    path = file_of(tmp_path, f"OURS={SAID}\nANN_PW={SAID}".encode(), 0o644)
    result = run(tmp_path, "--secrets", path)
    assert result.exit_code == 2
    assert "others may read it (mode 0644)" in result.output and SAID not in result.output


def test_with_its_secrets_a_plan_gets_as_far_as_its_addresses(tmp_path: Path) -> None:
    path = file_of(tmp_path, f"OURS={SAID}\nANN_PW={SAID}".encode())
    result = run(tmp_path, "--secrets", path)
    assert result.exit_code == 1
    assert "this machine has no " in result.output and SAID not in result.output


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("md5,sha-1", "`sha-1` is no algorithm here: write sha-256 or md5"),
        ("md5, MD5", "`md5` stands twice"),
        ("", "`` is no algorithm here"),
    ],
)
def test_what_callers_with_a_password_are_offered_is_looked_at_first(
    said: str, answer: str
) -> None:
    result = sipfo("run", "--digest", said, "policy.sipfo")
    assert result.exit_code == 2
    assert answer in result.output
