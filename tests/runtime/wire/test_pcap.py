"""The capture file: every message once, readable at every moment, its size bounded."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest

from runtime.wire.judges import read_by_tshark
from runtime.wire.watched import TRAFFIC, watched_call
from sipfo.runtime.pcap import FILE_HEADER, MOST_DATAGRAM
from sipfo.runtime.sighting import Sighting
from sipfo.runtime.wire.pcap import KEPT, CannotCapture, Capture, CaptureFile

HERE = ("192.0.2.10", 5060)
THERE = ("198.51.100.1", 5060)
BIG = 1_000_000


def message(call: str, transport: str = "UDP") -> bytes:
    return (
        f"OPTIONS sip:198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/{transport} 192.0.2.10;branch=z9hG4bK1"
        f"\r\nMax-Forwards: 70\r\nFrom: <sip:a@192.0.2.10>;tag=1\r\nTo: <sip:198.51.100.1>\r\n"
        f"Call-ID: {call}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def seen(call: str, transport: str = "udp") -> Sighting:
    data = message(call, transport.upper())
    return Sighting(1_760_000_000.0, transport, HERE, THERE, data, b"")


def captured(path: Path, *sightings: Sighting, most_bytes: int = BIG) -> Capture:
    """What a capture made of these is, after its end."""

    async def main() -> Capture:
        capture = Capture(path, most_bytes)
        for one in sightings:
            capture.see(one)
        await capture.close()
        return capture

    return asyncio.run(main())


def test_tshark_reads_every_transport_and_family_as_sip(tmp_path: Path) -> None:
    file = tmp_path / "calls.pcap"
    six = seen("six")._replace(source=("2001:db8::1", 5060), target=("2001:db8::2", 5060))
    secret = seen("tls", "tls")._replace(source=(HERE[0], 5061), target=(THERE[0], 5061))
    captured(file, seen("udp"), seen("tcp", "tcp"), secret, six, seen("tcp-2", "tcp"))
    read = read_by_tshark(file, ("sip.Call-ID", "ip.src", "ipv6.dst", "frame.time_epoch"))
    assert read == [
        ("udp", "192.0.2.10", "", "1760000000.000000000"),
        ("tcp", "192.0.2.10", "", "1760000000.000000000"),
        ("tls", "192.0.2.10", "", "1760000000.000000000"),
        ("six", "", "2001:db8::2", "1760000000.000000000"),
        ("tcp-2", "192.0.2.10", "", "1760000000.000000000"),
    ]


def test_tshark_puts_a_message_of_several_segments_together(tmp_path: Path) -> None:
    file = tmp_path / "calls.pcap"
    long = seen("long", "tcp")
    data = long.data.replace(b"Length: 0", b"Length: 60000") + b"x" * 60_000
    captured(file, long._replace(data=data), seen("after", "tcp"))
    read = read_by_tshark(file, ["sip.Call-ID", "tcp.reassembled.length"], whole=False)
    assert [one for one in read if one[0]] == [("long", str(len(data))), ("after", "")]


def test_tshark_reads_every_message_of_a_real_call_and_finds_none_malformed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "calls.pcap"
    watched_call([Capture(file, BIG)])
    fields = ("ip.src", "ip.dst", "sip.Method", "sip.Status-Code", "frame.protocols")
    read = read_by_tshark(file, fields)
    found = [(one[0], one[1], one[2] or one[3], one[4].split(":")[2]) for one in read]
    assert sorted(found) == sorted(TRAFFIC)


def test_nobody_else_may_read_who_called_whom(tmp_path: Path) -> None:
    file = tmp_path / "calls.pcap"
    captured(file)
    assert file.stat().st_mode & 0o137 == 0


def test_a_full_file_makes_room_and_only_the_last_few_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "calls.pcap"
    one = len(FILE_HEADER) + 16 + 28 + len(message("0"))
    captured(file, *(seen(str(n)) for n in range(KEPT + 3)), most_bytes=one)
    newest_first = [file, *(file.with_name(f"calls.pcap.{n}") for n in range(1, KEPT + 1))]
    assert sorted(tmp_path.iterdir()) == sorted(newest_first)
    for n, path in zip(range(KEPT + 2, 1, -1), newest_first, strict=True):
        assert path.stat().st_size == one
        assert b"Call-ID: %d\r\n" % n in path.read_bytes()


def test_a_message_larger_than_a_file_has_one_to_itself(tmp_path: Path) -> None:
    file = tmp_path / "calls.pcap"
    captured(file, seen("a"), seen("b"), most_bytes=len(FILE_HEADER) + 1)
    assert b"Call-ID: b" in file.read_bytes()
    assert b"Call-ID: a" in (tmp_path / "calls.pcap.1").read_bytes()
    assert not (tmp_path / "calls.pcap.2").exists()


def test_an_earlier_capture_is_moved_aside(tmp_path: Path) -> None:
    file = tmp_path / "calls.pcap"
    file.write_bytes(b"earlier")
    captured(file, seen("now"))
    assert (tmp_path / "calls.pcap.1").read_bytes() == b"earlier"
    assert b"Call-ID: now" in file.read_bytes()


def test_half_a_record_is_taken_back_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = CaptureFile(tmp_path / "calls.pcap", BIG)
    file.write(seen("whole"))
    size = (tmp_path / "calls.pcap").stat().st_size
    really = os.pwrite

    def full(descriptor: int, data: bytes, place: int) -> int:
        if place > size:
            raise OSError(errno.ENOSPC, "No space left on device")
        return really(descriptor, data[:10], place)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        file.write(seen("half"))
    monkeypatch.undo()
    assert (tmp_path / "calls.pcap").stat().st_size == size
    file.write(seen("next"))
    file.close()
    read = read_by_tshark(tmp_path / "calls.pcap", ["sip.Call-ID"])
    assert read == [("whole",), ("next",)]


def test_what_cannot_be_kept_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    large = seen("large")._replace(data=b"x" * (MOST_DATAGRAM + 1))
    capture = captured(tmp_path / "calls.pcap", large, seen("small"), large)
    assert capture.losses.count == 2
    assert b"Call-ID: small" in (tmp_path / "calls.pcap").read_bytes()
    assert "1 message lost: too large" in caplog.text
    assert "2 messages lost: in all" in caplog.text


def test_a_place_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(CannotCapture, match="No such file or directory"):
        CaptureFile(tmp_path / "nowhere" / "calls.pcap", BIG)
    with pytest.raises(CannotCapture, match="not a regular file"):
        CaptureFile(tmp_path, BIG)
