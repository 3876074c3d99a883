"""The stores that instances share, each a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registered.office import Office
from registered.redis_server import redis_server
from runtime.wire.cluster import cluster


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """What `--bindings` is given."""
    if request.param == "sqlite":
        yield str(tmp_path / "bindings.db")
    elif request.param == "postgresql":
        with cluster() as server:
            yield server.url
    else:
        with redis_server() as redis:
            yield redis.url


@pytest.fixture
def office(tmp_path: Path, store: str) -> Iterator[Office]:
    """An office with nobody in it yet."""
    made = Office(tmp_path, store)
    try:
        yield made
    finally:
        made.close()
