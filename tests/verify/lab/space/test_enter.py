"""Inside a namespace there is what was put there and nothing else, and outside nothing has changed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sipfo.verify.lab.space.enter import FILES, RESOLVER, asks_our_name_server
from sipfo.verify.lab.space.interface import NoSuchAddress, add_addresses
from verify.lab.space.insides import found_inside, reachable

ADDRESSES = ["192.76.120.10", "203.0.113.255", "2001:db8::10", "::1", "127.0.0.53", "10.255.255.1"]


def bindable(host: str) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        try:
            one.bind((host, 5060))
        except OSError:
            return False
    return True


def test_addresses_exist_once_they_are_added_and_no_others_do() -> None:
    def work() -> object:
        before = [host for host in ADDRESSES[:3] if bindable(host)]
        add_addresses(ADDRESSES)
        add_addresses(ADDRESSES)  # there already
        return before, [host for host in ADDRESSES if not bindable(host)], bindable("192.0.2.1")

    assert found_inside(work) == [[], [], False]


def test_nothing_can_be_sent_out() -> None:
    outside = ["192.0.2.1", "203.0.113.9", "2001:db8::77"]
    assert found_inside(lambda: [host for host in outside if reachable(host)]) == []


def test_an_address_that_no_machine_can_have_is_said() -> None:
    def work() -> object:
        try:
            add_addresses(["ff02::1"])
        except NoSuchAddress as error:
            return str(error)
        return "no error"

    assert "ff02::1 cannot be an address of a machine" in str(found_inside(work))


def test_names_are_asked_of_our_own_server_inside_only() -> None:
    assert found_inside(asks_our_name_server) is Path(RESOLVER).exists()
    assert not asks_our_name_server()


def test_files_in_memory_are_seen_inside_only() -> None:
    name = f"sipfo-test-{os.getpid()}"

    def work() -> object:
        (Path(FILES) / name).touch()
        return [one.name for one in Path(FILES).iterdir()]

    assert name in found_inside(work)  # type: ignore[operator]  # a list, through JSON
    assert not (Path(FILES) / name).exists()


@pytest.mark.parametrize("kind", ["net", "mnt", "pid"])
def test_our_own_namespaces_stay_what_they_are(kind: str) -> None:
    before = Path(f"/proc/self/ns/{kind}").readlink()
    found_inside(os.getpid)
    assert Path(f"/proc/self/ns/{kind}").readlink() == before


def test_the_first_process_of_a_namespace_is_its_first() -> None:
    assert found_inside(os.getpid) == 1
