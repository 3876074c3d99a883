"""PEM files to TLS contexts: the certificate that we show, and whose certificates we believe.

Files that change are taken anew while connections go on; what cannot be used is refused whole and
the old stays. What would surprise: a certificate is tried before it is used, by a handshake with
ourselves in memory, so that one that no peer would take is found out at start.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----.+?-----END [A-Z0-9 ]+-----", re.DOTALL
)
_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(.{0,64})", re.DOTALL)

_Stamp = tuple[tuple[int, int, int] | None, ...]


class UnusableCertificate(ValueError):
    """A PEM file cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class PemFiles:
    """Paths of a certificate (its chain after it) and its key, which may be in the same file."""

    certificate: str
    key: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.certificate,) if self.key is None else (self.certificate, self.key)


@dataclass(frozen=True, slots=True)
class Trust:
    """How TLS servers are met: the authorities believed (None: the system's), and the certificate
    shown to those that ask for one (None: none)."""

    ca: str | None = None
    shown: PemFiles | None = None


class Shown:
    """A certificate shown to whoever connects. `context` is for listening and stays the same; the
    certificate that it shows changes with `reload`."""

    def __init__(self, files: PemFiles) -> None:
        """Raises UnusableCertificate."""
        self.files = files
        self._stamp = _stamp(files.paths)
        self._current = self.context = _server_context(files)
        self.context.sni_callback = self._choose

    @property
    def changed(self) -> bool:
        """Whether the files are others than those that were last looked at."""
        return _stamp(self.files.paths) != self._stamp

    def reload(self) -> None:
        """Show what is in the files now. Raises UnusableCertificate; the old is then shown on."""
        self._stamp = _stamp(self.files.paths)
        self._current = _server_context(self.files)

    def _choose(self, handshake: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        handshake.context = self._current


class Believed:
    """The context in which connections to TLS servers are opened."""

    def __init__(self, trust: Trust) -> None:
        """Raises UnusableCertificate."""
        self._trust = trust
        self._paths: tuple[str, ...] = (trust.ca,) if trust.ca is not None else ()
        if trust.shown is not None:
            self._paths += trust.shown.paths
        self._stamp = _stamp(self._paths)
        # The system's authorities take a while to read: not before the first connection.
        self._context = _client_context(trust) if self._paths else None

    @property
    def context(self) -> ssl.SSLContext:
        """Checks everything but the name, which has rules of its own (`sipfo.runtime.identity`)."""
        if self._context is None:
            self._context = _client_context(self._trust)
        return self._context

    @property
    def changed(self) -> bool:
        """Whether the files are others than those that were last looked at."""
        return _stamp(self._paths) != self._stamp

    def reload(self) -> None:
        """Believe and show what is in the files now. Raises UnusableCertificate; the old stays."""
        self._stamp = _stamp(self._paths)
        self._context = _client_context(self._trust)


def in_words(error: ssl.SSLError) -> str:
    """What TLS complains of, without the numbers of its source code."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or "not readable").replace("_", " ").lower()


def _server_context(files: PemFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, files)
    believer = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    believer.check_hostname = False
    believer.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    first = _CERTIFICATE.search(_read(files.certificate))
    assert first is not None  # `_load` has looked
    believer.load_verify_locations(cadata=first[0].decode("ascii"))
    try:
        _shake_hands(context, believer)
    except ssl.SSLError as error:
        raise UnusableCertificate(f"{files.certificate}: {in_words(error)}") from None
    return context


def _client_context(trust: Trust) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # it would take wildcards (RFC 5922 §7.2)
    if trust.ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        if _CERTIFICATE.search(_read(trust.ca)) is None:
            raise UnusableCertificate(f"{trust.ca}: no certificate in it")
        try:
            context.load_verify_locations(trust.ca)
        except ssl.SSLError as error:
            raise UnusableCertificate(f"{trust.ca}: {in_words(error)}") from None
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it may be the peer's own
    if trust.shown is not None:
        _load(context, trust.shown)
    return context


def _load(context: ssl.SSLContext, files: PemFiles) -> None:
    """Put a certificate and its key into a context. Raises UnusableCertificate."""
    key_file = files.key or files.certificate
    if _CERTIFICATE.search(_read(files.certificate)) is None:
        raise UnusableCertificate(f"{files.certificate}: no certificate in it")
    key = _KEY.search(_read(key_file))
    if key is None:
        raise UnusableCertificate(f"{key_file}: no private key in it")
    if b"ENCRYPTED" in key[0]:
        raise UnusableCertificate(f"{key_file}: its private key has a passphrase")
    try:
        context.load_cert_chain(files.certificate, files.key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            message = f"{key_file}: the private key is not that of {files.certificate}"
            raise UnusableCertificate(message) from None
        raise UnusableCertificate(f"{files.certificate}: {in_words(error)}") from None


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """A whole handshake in memory. Raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(3):  # RFC 5246 §7.3 has most flights: two each
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()


def _read(path: str) -> bytes:
    """Raises UnusableCertificate."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UnusableCertificate(f"{path}: {reason}") from None


def _stamp(paths: tuple[str, ...]) -> _Stamp:
    """What changes when files are replaced."""
    found: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
