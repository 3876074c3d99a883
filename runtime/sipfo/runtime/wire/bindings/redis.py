"""Bindings in Redis: one key a user, for the instances of every machine.

What would surprise: what survives a crash of Redis is Redis's business. With `appendonly yes` and
`appendfsync always` nothing acknowledged is lost; without them it is said when sipfo starts.
"""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError, WatchError

from sipfo.runtime.errand import Bindings, Change
from sipfo.runtime.wire.bindings.cabinet import CannotStore, read_bindings, written

PREFIX: Final = "sipfo:bindings:"

PATIENCE: Final = 2.0
"""Seconds for a connection or an answer."""

TRIES: Final = 20
"""Times that a change is made anew because somebody else's came between."""


class RedisCabinet:
    """A database of a Redis server."""

    workers = 4

    def __init__(self, url: str) -> None:
        """Connect. Raises CannotStore."""
        self._place = place(url)
        try:
            self._redis = Redis.from_url(
                url,
                decode_responses=True,
                socket_timeout=PATIENCE,
                socket_connect_timeout=PATIENCE,
            )
            self._redis.ping()
        except (RedisError, ValueError) as error:
            raise CannotStore(f"cannot connect to {self._place}: {_words(error)}") from None

    @property
    def objection(self) -> str:
        """Why a registration may be lost with the server; empty if none may, or nobody can tell."""
        try:
            said = self._redis.config_get("append*")
        except RedisError:  # who may use it may not always ask for that
            return ""
        if said.get("appendonly") == "yes" and said.get("appendfsync") == "always":
            return ""
        return (
            f"{self._place} may lose registrations when it ends: "
            "set `appendonly yes` and `appendfsync always`"
        )

    def read(self, key: str) -> Bindings:
        """See Cabinet."""
        try:
            return self._read(self._redis.get(PREFIX + key))
        except RedisError as error:
            raise CannotStore(f"{self._place}: {_words(error)}") from None

    def change(self, key: str, change: Change) -> Bindings:
        """See Cabinet."""
        name = PREFIX + key
        try:
            with self._redis.pipeline() as pipe:
                for _ in range(TRIES):
                    pipe.watch(name)  # type: ignore[no-untyped-call]  # redis-py says no types
                    changed = change(self._read(pipe.get(name)))
                    pipe.multi()
                    if changed:
                        left = max(one.expires for one in changed) - time.time()
                        pipe.set(name, written(changed), px=max(1000, round(left * 1000)))
                    else:
                        pipe.delete(name)
                    try:
                        pipe.execute()
                    except WatchError:
                        continue
                    return changed
        except RedisError as error:
            raise CannotStore(f"{self._place}: {_words(error)}") from None
        raise CannotStore(f"{self._place}: too many change {key} at once")

    def close(self) -> None:
        """See Cabinet."""
        self._redis.close()

    def _read(self, found: object) -> Bindings:
        return read_bindings(str(found), self._place) if found is not None else ()


def place(url: str) -> str:
    """What the server is called where people see it: the URL without user and password."""
    try:
        said = urlsplit(url)
        port = f":{said.port}" if said.port is not None else ""
    except ValueError:
        raise CannotStore("cannot read the URL: write redis://HOST:6379/0") from None
    host = said.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"{said.scheme}://{shown}{port}{said.path}"


def _words(error: Exception) -> str:
    return (str(error) or repr(error)).partition("\n")[0]
