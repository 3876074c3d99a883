"""The loopback interface of a namespace: up, and with every address of a policy on it.

Netlink (rtnetlink(7)) and not the `ip` program, which a small system does not have.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address
from typing import Final

NAME: Final = "lo"

_NEW_LINK, _NEW_ADDRESS, _ERROR = 16, 20, 2  # linux/rtnetlink.h, linux/netlink.h
_REQUEST, _ACKNOWLEDGE, _CREATE = 0x1, 0x4, 0x400
_UP: Final = 0x1  # linux/if.h: IFF_UP
_ADDRESS, _LOCAL = 1, 2  # linux/if_addr.h
_NO_DUPLICATES_LOOKED_FOR: Final = 0x02  # IFA_F_NODAD: usable at once


class NoSuchAddress(OSError):
    """An address that no interface can have, such as a multicast one."""


def come_up() -> None:
    """Switch the loopback interface on. Raises OSError."""
    with _netlink() as netlink:
        link = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, _index(), _UP, _UP)
        _ask(netlink, _NEW_LINK, 0, link)


def add_addresses(hosts: Iterable[str]) -> None:
    """Give the loopback interface addresses; one that is there already is no error. Raises
    NoSuchAddress."""
    with _netlink() as netlink:
        for host in hosts:
            address = ip_address(host)
            if address.is_loopback and isinstance(address, IPv4Address):
                continue  # 127.0.0.0/8 is there whole
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            bits = address.max_prefixlen
            head = struct.pack("=BBBBi", family, bits, _NO_DUPLICATES_LOOKED_FOR, 0, _index())
            values = b"".join(_attribute(kind, address.packed) for kind in (_LOCAL, _ADDRESS))
            try:
                _ask(netlink, _NEW_ADDRESS, _CREATE, head + values)
            except OSError as error:
                if error.errno != errno.EEXIST:
                    message = f"{host} cannot be an address of a machine: {error.strerror}"
                    raise NoSuchAddress(error.errno, message) from None


def _index() -> int:
    return socket.if_nametoindex(NAME)


def _netlink() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)  # NETLINK_ROUTE


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value  # values are whole words here


def _ask(netlink: socket.socket, kind: int, flags: int, body: bytes) -> None:
    flags |= _REQUEST | _ACKNOWLEDGE
    netlink.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
    answer = netlink.recv(65536)
    (said,) = struct.unpack_from("=H", answer, 4)
    (number,) = struct.unpack_from("=i", answer, 16)
    if said != _ERROR:
        raise OSError(errno.EPROTO, "netlink answered what was not asked")
    if number != 0:
        raise OSError(-number, os.strerror(-number))
