"""The name of a store of bindings to the store itself: a file by its suffix, a database by a URL.

What would surprise: the drivers are loaded only when a URL asks for them, because only the extras
have them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sipfo.runtime.wire.bindings.cabinet import Cabinet, CabinetStore, CannotStore
from sipfo.runtime.wire.bindings.sqlite import SqliteCabinet

SUFFIXES: Final = frozenset({".db", ".sqlite", ".sqlite3"})

_POSTGRESQL: Final = re.compile(r"postgres(?:ql)?://.*", re.DOTALL)
_REDIS: Final = re.compile(r"(?:rediss?|unix)://.*", re.DOTALL)


def check_name(name: str) -> None:
    """Raises CannotStore for a name that says nothing about what kind of store it is."""
    is_url = _POSTGRESQL.fullmatch(name) or _REDIS.fullmatch(name)
    if not is_url and Path(name).suffix not in SUFFIXES:
        shown = name.partition("://")[0] + "://…" if "://" in name else name
        raise CannotStore(
            f"{shown}: end the name in `.db`, or write `postgresql://…` or `redis://…`"
        )


def open_bindings(name: str, say: Callable[[str], None]) -> CabinetStore:
    """The store of this name; `say` is told what an operator should know. Raises CannotStore."""
    check_name(name)
    cabinet: Cabinet
    if _POSTGRESQL.fullmatch(name):
        with _driver("psycopg", "postgresql"):
            from sipfo.runtime.wire.bindings.postgresql import PostgresqlCabinet
        cabinet = PostgresqlCabinet(name)
    elif _REDIS.fullmatch(name):
        with _driver("redis", "redis"):
            from sipfo.runtime.wire.bindings.redis import RedisCabinet
        cabinet = made = RedisCabinet(name)
        if made.objection:
            say(f"bindings: {made.objection}")
    else:
        cabinet = SqliteCabinet(Path(name))
    return CabinetStore(cabinet, say)


@contextmanager
def _driver(module: str, extra: str) -> Iterator[None]:
    """Raises CannotStore where the driver is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise CannotStore(f"this store needs a driver: pip install 'sipfo[{extra}]'") from None
