"""`--instance` and `--bindings` of `sipfo run`: which instance of a registrar it is, and where the
registrations are kept."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from sipfo.runtime.wire.bindings.cabinet import CannotStore
from sipfo.runtime.wire.bindings.open import check_name, open_bindings
from sipfo.runtime.wire.bindings.store import BindingStore

_log = logging.getLogger("sipfo")


@dataclass(frozen=True, slots=True)
class Registering:
    """What the options ask for."""

    instance: str | None = None
    bindings: str | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[BindingStore | None]:
        """The store, until the end; None where none is asked for. Raises CannotStore."""
        if self.bindings is None:
            yield None
            return
        store = open_bindings(self.bindings, lambda text: _log.warning("%s", text))
        try:
            yield store
        finally:
            await store.close()


def _name(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        if value is not None:
            check_name(value)
    except CannotStore as error:
        raise click.BadParameter(str(error)) from None
    return value


_INSTANCE = click.option(
    "--instance",
    metavar="NAME",
    help="Be this instance of the policy's registrar, and no other: listen at its address.",
)
_BINDINGS = click.option(
    "--bindings",
    metavar="STORE",
    callback=_name,
    help="Keep registrations here: bindings.db, or a postgresql:// or redis:// URL that instances"
    " share. Without it they end with the process.",
)


def registering(command: Callable[..., None]) -> Callable[..., None]:
    """The options for a command, which is given them as one argument, `registering`."""

    @_INSTANCE
    @_BINDINGS
    @wraps(command)
    def registered(
        *arguments: Any, instance: str | None, bindings: str | None, **options: Any
    ) -> None:
        command(*arguments, registering=Registering(instance, bindings), **options)

    return registered
