"""`sipfo import`: a policy on standard output or in a new file, and what was left out by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import EXAMPLES, sipfo

PAGE = str(EXAMPLES / "telnyx-page.json")


def test_the_policy_goes_to_standard_output_and_the_remarks_do_not(tmp_path: Path) -> None:
    result = sipfo("import", "telnyx", PAGE)
    assert result.exit_code == 0
    assert f"{PAGE}:2: `default_routing_method` stands in `inbound`" in result.stderr
    policy = tmp_path / "policy.sipfo"
    policy.write_text(result.stdout)
    assert sipfo("check", str(policy)).exit_code == 0
    assert sipfo("fmt", "--check", str(policy)).exit_code == 0


def test_a_file_is_written_once(tmp_path: Path) -> None:
    policy = tmp_path / "policy.sipfo"
    result = sipfo("import", "telnyx", PAGE, "-o", str(policy))
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"wrote {policy}" in result.stderr
    assert policy.read_text() == sipfo("import", "telnyx", PAGE).stdout
    again = sipfo("import", "telnyx", PAGE, "-o", str(policy))
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_requests_that_sipfo_wrote_are_read_back(tmp_path: Path) -> None:
    policy, folder = tmp_path / "policy.sipfo", tmp_path / "telnyx"
    policy.write_text(sipfo("import", "telnyx", str(EXAMPLES / "telnyx-responses.json")).stdout)
    result = sipfo("compile", str(policy), "--target", "telnyx", "-o", str(folder))
    assert result.exit_code == 0, result.output
    assert result.stderr.endswith(f"{folder / 'requests.json'}\n")
    again = sipfo("import", "telnyx", str(folder / "requests.json"))
    assert again.stdout.splitlines()[3:] == policy.read_text().splitlines()[3:]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b'{"record_type": "credential_connection"}',
            "line 1: a credential connection: write it by",
        ),
        (b"{", "no JSON: line 1"),
        (b"{}", "nothing in it is a connection"),
        (b"\x00", "no JSON"),
    ],
)
def test_what_is_nothing_of_telnyxs_is_one_line(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(data)
    result = sipfo("import", "telnyx", str(path))
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_two_trunks_of_one_number_are_no_policy(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    number = '{"phone_number": "+13125550100"}'
    path.write_text('[{"id": "1", "inbound": {}}, {"id": "2", "inbound": {}}, ' + number + "]")
    result = sipfo("import", "telnyx", str(path), "-o", str(tmp_path / "policy.sipfo"))
    assert result.exit_code == 1
    assert "what came of it is no policy" in result.stderr
    assert "error[SF" in result.stderr
    assert not (tmp_path / "policy.sipfo").exists()


def test_a_kind_that_there_is_not() -> None:
    result = sipfo("import", "cisco", PAGE)
    assert result.exit_code == 2
    assert "cisco" in result.stderr
