"""Digest authentication (RFC 7616, in SIP as RFC 8760 has it): challenges, and answers to them.

Field values to frozen values and back; nothing here knows who is asked or what is remembered. What
would surprise: one field line is one challenge, or one set of credentials, because its commas
separate parameters (RFC 3261 §7.3.1).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from sipfo.runtime.sip.malformed import Malformed

MD5: Final = b"MD5"
SHA_256: Final = b"SHA-256"
SHA_512_256: Final = b"SHA-512-256"

MAX_PARAMETERS: Final = 32
"""Parameters of one challenge or set of credentials."""

MAX_VALUE: Final = 1024
"""Bytes of one parameter's value."""


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().encode("ascii")


def _sha_256(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode("ascii")


def _sha_512_256(data: bytes) -> bytes:
    return hashlib.new("sha512_256", data).hexdigest().encode("ascii")


_HASHES: Final[dict[bytes, Callable[[bytes], bytes]]] = {
    SHA_512_256: _sha_512_256,
    SHA_256: _sha_256,
    MD5: _md5,
}
"""What is known, the strongest first."""
if "sha512_256" not in hashlib.algorithms_available:  # it comes from OpenSSL, not from Python
    del _HASHES[SHA_512_256]

_STRENGTH: Final = list(_HASHES)

_SCHEME = re.compile(rb"[Dd][Ii][Gg][Ee][Ss][Tt](?=[ \t])")
# A bare value may hold more than a token: peers leave the quotes of a nonce out.
_PARAMETER = re.compile(
    rb"""[ \t,]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]*=[ \t]*
         (?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20\x7f",]+))[ \t]*(?=,|$)""",
    re.VERBOSE | re.DOTALL,
)
_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_SPECIAL = re.compile(rb'(["\\])')
_REALM = re.compile(
    rb'(?i)(?:^|[ \t,])realm[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20\x7f",]+))', re.DOTALL
)
_COUNT = re.compile(rb"[0-9A-Fa-f]{8}")
_RESPONSE = re.compile(rb"[0-9A-Fa-f]{32,64}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One Digest challenge. `algorithm` is None where it is not said, which means MD5; `qop` is
    whether `auth` is offered, else there is none (RFC 2069)."""

    realm: bytes
    nonce: bytes
    algorithm: bytes | None = None
    qop: bool = True
    opaque: bytes | None = None
    stale: bool = False

    def encode(self) -> bytes:
        """The value of a WWW-Authenticate or Proxy-Authenticate field."""
        parts = [b'Digest realm="%s"' % _escaped(self.realm), b'nonce="%s"' % _escaped(self.nonce)]
        if self.algorithm is not None:
            parts.append(b"algorithm=%s" % self.algorithm)
        if self.qop:
            parts.append(b'qop="auth"')
        if self.opaque is not None:
            parts.append(b'opaque="%s"' % _escaped(self.opaque))
        if self.stale:
            parts.append(b"stale=true")
        return b", ".join(parts)


@dataclass(frozen=True, slots=True)
class Credentials:
    """One set of credentials, as sent. `count` is the eight digits of `nc`; it and `cnonce` are
    None without qop."""

    user: bytes
    realm: bytes
    nonce: bytes
    uri: bytes
    response: bytes = field(repr=False)
    algorithm: bytes | None = None
    cnonce: bytes | None = None
    count: bytes | None = None
    opaque: bytes | None = None

    def encode(self) -> bytes:
        """The value of an Authorization or Proxy-Authorization field."""
        quoted = (
            (b"username", self.user),
            (b"realm", self.realm),
            (b"nonce", self.nonce),
            (b"uri", self.uri),
            (b"response", self.response),
        )
        parts = [b'%s="%s"' % (name, _escaped(value)) for name, value in quoted]
        if self.algorithm is not None:
            parts.append(b"algorithm=%s" % self.algorithm)
        if self.count is not None and self.cnonce is not None:
            parts.append(b'qop=auth, nc=%s, cnonce="%s"' % (self.count, _escaped(self.cnonce)))
        if self.opaque is not None:
            parts.append(b'opaque="%s"' % _escaped(self.opaque))
        return b"Digest " + b", ".join(parts)

    def is_right(self, password: bytes, method: str) -> bool:
        """Whether this proves a password; takes as long for a wrong one."""
        expected = _respond(
            self.algorithm,
            (self.user, self.realm, password),
            (method, self.uri),
            (self.nonce, self.count, self.cnonce),
        )
        return hmac.compare_digest(expected, self.response.lower())


def parse_challenge(value: bytes) -> Challenge:
    """One challenge that can be answered: Digest, a known algorithm, `auth` among its qop.

    Raises Malformed for every other; "the client MUST ignore any challenge it does not understand"
    (RFC 8760 §2.4).
    """
    said = _parameters(value)
    qop = said.get(b"qop")
    if qop is not None and b"auth" not in [one.strip(b" \t") for one in qop.lower().split(b",")]:
        raise Malformed(400, "no known qop")
    return Challenge(
        _need(said, b"realm"),
        _need(said, b"nonce"),
        _algorithm(said),
        qop is not None,
        said.get(b"opaque"),
        said.get(b"stale", b"").lower() == b"true",
    )


def strongest(values: Iterable[bytes], realm: bytes | None = None) -> Challenge | None:
    """The challenge to answer among several field values: that of the strongest algorithm, the
    topmost of equals; only those of `realm`, if given.

    RFC 8760 §2.4 takes the topmost "unless a local policy dictates otherwise": this is the policy.
    """
    found: list[Challenge] = []
    for value in values:
        try:
            challenge = parse_challenge(value)
        except Malformed:
            continue
        if realm is None or challenge.realm == realm:
            found.append(challenge)
    return min(found, key=lambda one: _STRENGTH.index(one.algorithm or MD5), default=None)


def answer(
    challenge: Challenge, user: bytes, password: bytes, method: str, uri: bytes, cnonce: bytes
) -> Credentials:
    """The answer to a challenge, the first with its nonce."""
    count = b"00000001" if challenge.qop else None
    own = cnonce if challenge.qop else None  # "MUST NOT" be sent without qop (RFC 3261 §22.4)
    response = _respond(
        challenge.algorithm,
        (user, challenge.realm, password),
        (method, uri),
        (challenge.nonce, count, own),
    )
    return Credentials(
        user,
        challenge.realm,
        challenge.nonce,
        uri,
        response,
        challenge.algorithm,
        own,
        count,
        challenge.opaque,
    )


def parse_credentials(value: bytes) -> Credentials:
    """One set of Digest credentials, of a known algorithm, with qop `auth` or none.

    Raises Malformed for every other.
    """
    said = _parameters(value)
    qop = said.get(b"qop")
    count, cnonce = None, None
    if qop is not None:
        count, cnonce = _need(said, b"nc"), _need(said, b"cnonce")
        if qop.lower() != b"auth" or not _COUNT.fullmatch(count):
            raise Malformed(400, "bad qop or nc")
    response = _need(said, b"response")
    if not _RESPONSE.fullmatch(response):
        raise Malformed(400, "bad digest")
    return Credentials(
        _need(said, b"username"),
        _need(said, b"realm"),
        _need(said, b"nonce"),
        _need(said, b"uri"),
        response,
        _algorithm(said),
        cnonce,
        count,
        said.get(b"opaque"),
    )


def realm_of(value: bytes) -> bytes | None:
    """The realm that a field value names, also one that is otherwise of no use here."""
    try:
        return _parameters(value).get(b"realm")
    except Malformed:  # another scheme, or not quite Digest
        found = _REALM.search(value)
    if found is None:
        return None
    return found[2] if found[1] is None else _PAIR.sub(rb"\1", found[1])


def _parameters(value: bytes) -> dict[bytes, bytes]:
    """The parameters of a Digest field value, by lower-case name, unquoted. Raises Malformed."""
    scheme = _SCHEME.match(value)
    if scheme is None:
        raise Malformed(400, "not Digest")
    found: dict[bytes, bytes] = {}
    place = scheme.end()
    while place < len(value):
        one = _PARAMETER.match(value, place)
        if one is None:
            if not value[place:].strip(b" \t,"):
                break
            raise Malformed(400, "bad digest parameter")
        name = one[1].lower()
        content = one[3] if one[2] is None else _PAIR.sub(rb"\1", one[2])
        if name in found or len(found) == MAX_PARAMETERS or len(content) > MAX_VALUE:
            raise Malformed(400, "bad digest parameter")
        found[name] = content
        place = one.end()
    return found


def _need(said: dict[bytes, bytes], name: bytes) -> bytes:
    value = said.get(name)
    if value is None:
        raise Malformed(400, f"no {name.decode('ascii')}")
    return value


def _algorithm(said: dict[bytes, bytes]) -> bytes | None:
    name = said.get(b"algorithm")
    if name is None:
        return None
    if name.upper() not in _HASHES:
        raise Malformed(400, "unknown digest algorithm")
    return name.upper()


def _escaped(value: bytes) -> bytes:
    return _SPECIAL.sub(rb"\\\1", value)


def _respond(
    algorithm: bytes | None,
    who: tuple[bytes, bytes, bytes],
    what: tuple[str, bytes],
    once: tuple[bytes, bytes | None, bytes | None],
) -> bytes:
    """The response of RFC 7616 §3.4.1 to user, realm and password, method and URI, nonce, count and
    cnonce; without a count that of RFC 2069."""
    digest = _HASHES[algorithm or MD5]
    method, uri = what
    nonce, count, cnonce = once
    secret = digest(b":".join(who))
    request = digest(method.encode("ascii") + b":" + uri)
    if count is None or cnonce is None:
        return digest(b":".join((secret, nonce, request)))
    return digest(b":".join((secret, nonce, count, cnonce, b"auth", request)))
