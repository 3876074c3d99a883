"""Work that a test does inside a namespace: what it finds there, as JSON, through a pipe."""

from __future__ import annotations

import json
import os
import socket
import warnings
from collections.abc import Callable
from contextlib import suppress

import pytest

from sipfo.verify.lab.space.enter import NoNamespace, become_root, run_inside


def found_inside(work: Callable[[], object]) -> object:
    """What `work` returns in a namespace of its own. Skips the test where there is none to be had;
    a process of our own becomes root, so that pytest does not."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns where there are threads (pytest-xdist's); the child needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(read)
        status = 1
        with suppress(Exception):
            status = _outside(work, write)
        os._exit(status)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    os.waitpid(child, 0)
    found = json.loads(text)
    if "none" in found:
        pytest.skip(found["none"])
    assert "wrong" not in found, found["wrong"]
    return found["found"]


def _outside(work: Callable[[], object], write: int) -> int:
    try:
        become_root()
    except NoNamespace as error:
        os.write(write, json.dumps({"none": error.strerror}).encode())
        return 0

    def inside() -> int:
        try:
            told = {"found": work()}
        except Exception as error:  # noqa: BLE001 - the test shows it
            told = {"wrong": repr(error)}
        os.write(write, json.dumps(told).encode())
        return 0

    _, status = os.waitpid(run_inside(inside), 0)
    return status


def reachable(host: str) -> bool:
    """Whether anything can be sent to an address at all."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        try:
            one.connect((host, 9))
        except OSError:
            return False
    return True
