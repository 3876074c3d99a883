"""Captures as people have them: every link layer, fragments, connections with holes, files cut off; what
is read of them is what tshark reads."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.world import WEST, policy
from sipfo.runtime.pcap import FILE_HEADER
from sipfo.runtime.sip.message import Request, serialize
from sipfo.verify.lab.wire.heard import Said
from sipfo.verify.replay.ip import Defragmenter
from sipfo.verify.replay.link import ip_of
from sipfo.verify.replay.pcap import Capture, Frame
from sipfo.verify.replay.reading import read_capture
from sipfo.verify.replay.speech import Listener
from verify.replay.test_play import DOWN, OK, world

ETHER = bytes(12)


@pytest.fixture(scope="module")
def packets() -> list[tuple[float, bytes]]:
    """Raw IP packets of a call that fails over once."""
    made = world(policy(), DOWN, OK)
    frames = Capture(io.BytesIO(made.pcap)).frames()
    return [(frame.at, frame.data) for frame in frames]


def pcap(
    frames: Iterable[tuple[float, bytes]], link: int, order: str = "<", ticks: int = 10**6
) -> bytes:
    magic = 0xA1B2C3D4 if ticks == 10**6 else 0xA1B23C4D
    data = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262_144, link)
    for at, frame in frames:
        part = round((at % 1) * ticks) % ticks
        data += struct.pack(f"{order}IIII", int(at), part, len(frame), len(frame)) + frame
    return data


def kind_of(packet: bytes) -> bytes:
    return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"


LINKS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "raw": (101, lambda packet: packet),
    "ethernet": (1, lambda packet: ETHER + kind_of(packet) + packet + bytes(4)),
    "vlan": (1, lambda packet: ETHER + b"\x81\0\0\x05" + kind_of(packet) + packet),
    "two vlans": (
        1,
        lambda packet: ETHER + b"\x88\xa8\0\x05\x81\0\0\x06" + kind_of(packet) + packet,
    ),
    "cooked": (113, lambda packet: bytes(14) + kind_of(packet) + packet),
    "cooked with vlan": (
        113,
        lambda packet: bytes(14) + b"\x81\0\0\x05" + kind_of(packet) + packet,
    ),
    "cooked 2": (276, lambda packet: kind_of(packet) + bytes(18) + packet),
    "null": (0, lambda packet: struct.pack("<I", 2) + packet),
    "null, big": (0, lambda packet: struct.pack(">I", 2) + packet),
    "loop": (108, lambda packet: struct.pack(">I", 2) + packet),
}


def heard(data: bytes) -> list[tuple[str, str, str]]:
    """(CSeq, method or status, Call-ID) of every message."""
    whole, listener = Defragmenter(), Listener()
    for frame in Capture(io.BytesIO(data)).frames():
        packet = ip_of(frame)
        found = whole.read(packet) if packet is not None else None
        if found is not None:
            listener.hear(frame.at, found)
    listener.finish()
    return [
        (
            f"{one.message.cseq.number} {one.message.cseq.method}",
            one.message.method if isinstance(one.message, Request) else str(one.message.status),
            one.message.call_id.decode(),
        )
        for one in listener.events
        if isinstance(one, Said)
    ]


def tshark(data: bytes) -> list[tuple[str, str, str]]:
    """The same as tshark has it."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    fields = ("sip.CSeq", "sip.Method", "sip.Status-Code", "sip.Call-ID")
    options = [word for field in fields for word in ("-e", field)]
    command = ["tshark", "-n", "-r", "-", "-Y", "sip", "-T", "fields", *options]
    done = subprocess.run(command, input=data, capture_output=True, check=True, text=False)
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    return [
        (cseqs, method or status, call)
        for row in rows
        for cseqs, method, status, call in zip(
            row[0].split(","),
            row[1].split(",") if row[1] else [""] * 9,
            row[2].split(",") if row[2] else [""] * 9,
            row[3].split(","),
            strict=False,
        )
    ]


@pytest.mark.parametrize("link", LINKS)
def test_every_link_layer_is_read_as_tshark_reads_it(
    link: str, packets: list[tuple[float, bytes]]
) -> None:
    number, wrap = LINKS[link]
    data = pcap([(at, wrap(packet)) for at, packet in packets], number)
    found = heard(data)
    assert found == tshark(data)
    assert len(found) == len(packets)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ticks", [10**6, 10**9])
def test_every_pcap(order: str, ticks: int, packets: list[tuple[float, bytes]]) -> None:
    data = pcap(packets, 101, order, ticks)
    frames = list(Capture(io.BytesIO(data)).frames())
    assert [frame.data for frame in frames] == [packet for _, packet in packets]
    assert [frame.at for frame in frames] == pytest.approx([at for at, _ in packets], abs=1e-5)


@pytest.mark.parametrize("form", ["pcapng", "nsecpcap"])
def test_what_editcap_writes(form: str, packets: list[tuple[float, bytes]], tmp_path: Path) -> None:
    if shutil.which("editcap") is None:
        pytest.skip("editcap is not installed (Debian package wireshark-common, with tshark)")
    before, after = tmp_path / "a.pcap", tmp_path / "b"
    before.write_bytes(pcap(packets, 101))
    subprocess.run(["editcap", "-F", form, before, after], check=True)
    data = after.read_bytes()
    assert heard(data) == tshark(data) == heard(before.read_bytes())
    frames = list(Capture(io.BytesIO(data)).frames())
    assert [frame.at for frame in frames] == pytest.approx([at for at, _ in packets], abs=1e-5)


def fragments(packet: bytes, size: int) -> list[bytes]:
    """An IPv4 packet cut into fragments of `size` bytes."""
    head, body, found = packet[:20], packet[20:], []
    for start in range(0, len(body), size):
        part = body[start : start + size]
        more = 0x2000 if start + size < len(body) else 0
        header = bytearray(head)
        struct.pack_into("!H", header, 2, 20 + len(part))
        struct.pack_into("!HH", header, 4, 7, more | start // 8)
        found.append(bytes(header) + part)
    return found


@settings(deadline=None, max_examples=20)
@given(st.sampled_from((8, 64, 400)), st.randoms(use_true_random=False))
def test_fragments_in_any_order_are_put_together(size: int, random: object) -> None:
    made = world(policy(), DOWN, OK)
    for frame in Capture(io.BytesIO(made.pcap)).frames():
        cut = fragments(frame.data, size)
        random.shuffle(cut)  # type: ignore[attr-defined]  # hypothesis's own Random
        whole = Defragmenter()
        found = [one for part in cut if (one := whole.read(part)) is not None]
        assert found == [Defragmenter().read(frame.data)]
        assert (whole.lost, whole.unfinished) == (0, 0)


def test_fragments_of_ipv6() -> None:
    ends = bytes(15) + b"\1" + bytes(15) + b"\2"
    body = struct.pack("!HHHH", 5060, 5060, 8 + 20, 0) + b"x" * 20
    parts = []
    for start, more in ((0, 1), (16, 0)):
        part = body[start : start + 16] if more else body[start:]
        head = struct.pack("!BBHI", 17, 0, start | more, 99)
        parts.append(struct.pack("!IHBB", 6 << 28, len(head + part), 44, 64) + ends + head + part)
    whole = Defragmenter()
    assert whole.read(parts[1]) is None
    found = whole.read(parts[0])
    assert found is not None and getattr(found, "payload", b"") == b"x" * 20


def tcp(data: bytes, number: int, flags: int = 0x18, back: bool = False) -> bytes:
    ends = (bytes([192, 0, 2, 10]), bytes([198, 51, 100, 20]))
    ports = (40000, 5060)
    if back:
        ends, ports = ends[::-1], (5060, 40000)
    header = struct.pack("!HHIIBBHHH", *ports, number % 2**32, 1, 5 << 4, flags, 65535, 0, 0)
    size = 20 + len(header) + len(data)
    fixed = struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0x4000, 64, 6, 0)
    return fixed + ends[0] + ends[1] + header + data


def stream(packets: list[tuple[float, bytes]]) -> bytes:
    """The messages that go to the west, as bytes of one connection."""
    made = world(policy(), DOWN, OK)
    sent = [one.data for one in made.tape if one.target == WEST]
    assert len(sent) >= 2
    return b"".join(sent)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 700), st.integers(0, 2**32 - 1), st.booleans(), st.randoms(use_true_random=False)
)
def test_a_connection_in_any_pieces(size: int, start: int, opens: bool, random: object) -> None:
    """Out of order within a window, and everything twice."""
    whole = stream([])
    pieces = [(start + 1 + at, whole[at : at + size]) for at in range(0, len(whole), size)]
    mixed: list[tuple[int, bytes]] = []
    for at in range(0, len(pieces), 5):
        window = pieces[at : at + 5] + pieces[at : at + 1]
        if at or opens:
            random.shuffle(window)  # type: ignore[attr-defined]  # hypothesis's own Random
        mixed += window
    frames = [(1.0, tcp(b"", start, 0x02))] if opens else []
    frames += [(2.0, tcp(piece, number)) for number, piece in mixed]
    direct = [tcp(whole[at : at + 60000], at) for at in range(0, len(whole), 60000)]
    if not opens and size < 300:
        return  # the first piece does not show that it begins a message
    assert heard(pcap(frames, 101)) == heard(pcap([(1.0, one) for one in direct], 101))


def test_after_a_hole_the_next_message_is_read() -> None:
    made = world(policy(), DOWN, OK)
    first, *rest = [one.data for one in made.tape if one.target == WEST]
    number = 1
    frames = [(1.0, tcp(first[:100], number))]  # and the rest of it was never captured
    number += len(first)
    for data in rest:
        frames.append((2.0, tcp(data, number)))
        number += len(data)
    found = heard(pcap(frames, 101))
    assert [one[1] for one in found] == [one.split(b" ", 1)[0].decode() for one in rest]


def test_a_connection_that_is_refused_is_a_transport_error() -> None:
    plan = policy(routes={"pbx-west": (f"sip:{WEST[0]};transport=tcp",)})
    made = world(policy(), OK, OK)
    first = made.tape[0]
    placed = [(1.0, packets_of(made.pcap)[0])]
    syn, reset = tcp(b"", 7, 0x02), tcp(b"", 0, 0x14, back=True)
    [call] = read_capture(io.BytesIO(pcap([*placed, (1.1, syn), (1.2, reset)], 101)), plan).calls
    assert call.name == first.call.decode()
    [one] = call.tries
    assert (one.failed, one.route, one.place and one.place.transport) == (0.0, "pbx-west", "tcp")


def packets_of(data: bytes) -> list[bytes]:
    return [frame.data for frame in Capture(io.BytesIO(data)).frames()]


@pytest.mark.parametrize("cut", [5, 23, 24, 30, 100, 1000])
def test_a_file_that_is_cut_off_gives_what_it_has(
    cut: int, packets: list[tuple[float, bytes]]
) -> None:
    data = pcap(packets, 101)[:cut]
    capture = Capture(io.BytesIO(data))
    frames = list(capture.frames())
    assert [frame.data for frame in frames] == [packet for _, packet in packets][: len(frames)]
    assert capture.damage.startswith("cut off") or cut == 24


def test_the_remarks_say_what_was_left_out(packets: list[tuple[float, bytes]]) -> None:
    frames = [*packets, (9.0, b""), (9.0, packets[0][1][:-5])]
    data = pcap(frames, 101) + b"\1\2\3"
    recording = read_capture(io.BytesIO(data), policy())
    assert recording.remarks == (
        f"cut off after {len(frames)} packets: what follows is not looked at",
        "1 packet no IP: left out",
        "1 packet cut off, or without all fragments: left out",
    )
    assert len(recording.calls) == 1


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from((0, 1, 12, 101, 108, 113, 276, 999)))
@example(b"", 101)
@example(b"\x60" + bytes(39), 101)
def test_no_frame_ends_in_a_traceback(data: bytes, link: int) -> None:
    packet = ip_of(Frame(0.0, link, data))
    if packet is not None:
        Defragmenter().read(packet)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_no_damage_ends_in_a_traceback(data: st.DataObject) -> None:
    """A good capture with some of its bytes changed, as pcap and as pcapng."""
    good = bytearray(GOOD[data.draw(st.sampled_from(sorted(GOOD)))])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(4, len(good) - 1))
        good[place] = data.draw(st.integers(0, 255))
    read_capture(io.BytesIO(bytes(good[: data.draw(st.integers(4, len(good)))])), policy())


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def _pcapng(packets: list[bytes]) -> bytes:
    data = _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    data += _block(1, struct.pack("<HHI", 101, 0, 0) + struct.pack("<HHB3x", 9, 1, 3))
    for packet in packets:
        data += _block(6, struct.pack("<IIIII", 0, 0, 5, len(packet), len(packet)) + packet)
    return data


_MADE = world(policy(), DOWN, OK)
GOOD = {"pcap": _MADE.pcap, "pcapng": _pcapng(packets_of(_MADE.pcap))}


def test_pcapng_with_a_resolution_of_its_own() -> None:
    frames = list(Capture(io.BytesIO(GOOD["pcapng"])).frames())
    assert {frame.at for frame in frames} == {0.005}
    assert heard(GOOD["pcapng"]) == heard(GOOD["pcap"]) == tshark(GOOD["pcapng"])
    assert GOOD["pcap"][:24] == FILE_HEADER
    assert serialize(_MADE.sent[0][2])
