"""Which header fields cross from one side of the call to the other, and in what form.

An allow-list: a field that is not named here ends at sipfo, so nothing can be smuggled past a
rule by a spelling that another parser reads differently. Bodies cross untouched.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.privacy import Trust, still_wanted, withheld
from sipfo.runtime.sip import names
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response

# Say the same on both sides of a back-to-back user agent: about the body, the people, the
# session, and what the far end wants shown or done.
END_TO_END: Final = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"accept-resource-priority",
        b"alert-info",
        b"allow-events",
        b"answer-mode",
        b"authentication-info",
        b"authorization",
        b"call-info",
        b"content-disposition",
        b"content-encoding",
        b"content-language",
        b"content-type",
        b"date",
        b"diversion",
        b"error-info",
        b"event",
        b"expires",
        b"geolocation",
        b"geolocation-routing",
        b"history-info",
        b"identity",
        b"in-reply-to",
        b"info-package",
        b"max-breadth",
        b"mime-version",
        b"min-expires",
        b"min-se",
        b"organization",
        b"p-asserted-identity",
        b"p-early-media",
        b"p-preferred-identity",
        b"priority",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"reason",
        b"recv-info",
        b"refer-sub",
        b"refer-to",
        b"referred-by",
        b"reply-to",
        b"resource-priority",
        b"retry-after",
        b"rseq",
        b"server",
        b"session-expires",
        b"subject",
        b"subscription-state",
        b"unsupported",
        b"user-agent",
        b"user-to-user",
        b"warning",
        b"www-authenticate",
    }
)

# Option tags whose whole meaning crosses with the fields above, or that is carried across
# (`dialogname`). `join`, `tdialog`, `path`, `outbound` and the like name dialogs or hops that differ
# on the two sides.
OPTION_TAGS: Final = (
    b"100rel",
    b"timer",
    b"histinfo",
    b"early-session",
    b"precondition",
    b"from-change",
    b"199",
    b"norefersub",
    b"replaces",
    b"recipient-list-invite",
    b"resource-priority",
    b"privacy",
    b"uui",
    b"answermode",
)

ALLOW: Final = b"INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE"
"""Methods that are served in a dialog."""

ALLOW_OUTSIDE: Final = b"INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY"
"""The same for who asked for another outside one."""

CAPABILITIES = (
    (b"allow", ALLOW),
    (b"accept", b"application/sdp"),
    (b"accept-encoding", b"identity"),
    (b"accept-language", b"en"),
    (b"supported", b", ".join(OPTION_TAGS)),
)
"""What "SHOULD be present in a 200 (OK) to an OPTIONS request" (RFC 3261 §11.2)."""

NO_SIPS = b'380 %s "SIPS Not Allowed"'
"""The Warning of who is at this address and cannot be reached by a SIPS URI (RFC 5630 §5.1.2)."""

_OF_THE_SIDE: Final = frozenset(
    {b"via", b"from", b"to", b"call-id", b"cseq", b"max-forwards", b"contact", b"content-length"}
)
"""What every message has, and never crosses."""

_TAGGED: Final = frozenset({b"supported", b"require"})
_EXTENSION = re.compile(rb"x-[a-z0-9-]{1,60}")
_STRANGERS: Final = Trust()
_METHODS: Final = tuple(ALLOW.split(b", "))


def copy_end_to_end(source: Headers, to: Headers, trust: Trust = _STRANGERS) -> None:
    """Append to `to` the fields of `source` that cross, in their order; `trust` and what the user
    wants decide about those that say who it is."""
    hidden = withheld(source, trust)
    for field in source.fields:
        name = field.name.normal
        if name in _OF_THE_SIDE or name in hidden:
            continue
        if name in END_TO_END or (name.startswith(b"x-") and _EXTENSION.fullmatch(name)):
            to.append(field)
        elif name == b"privacy":
            wanted = still_wanted(field.value, trust)
            if wanted:
                to.add(name, wanted)
        elif name in _TAGGED:
            tags = [tag for tag in _tags(field.value) if tag in OPTION_TAGS]
            if tags:
                to.add(name, b", ".join(tags))


def allowed(headers: Headers) -> bytes:
    """The methods that are served in a dialog as far as a message's sender serves them too; all,
    where it does not say."""
    lines = headers.lines(names.ALLOW)
    if not lines:
        return ALLOW
    theirs = {one.strip().upper() for line in lines for one in line.split(b",")}
    return b", ".join(one for one in _METHODS if one in theirs) or ALLOW


def unsupported_tags(request: Request) -> list[bytes]:
    """Option tags that a request requires and that do not cross (RFC 3261 §8.2.2.3)."""
    return [
        tag
        for value in request.headers.lines(names.REQUIRE)
        for tag in _tags(value)
        if tag not in OPTION_TAGS
    ]


def _tags(value: bytes) -> list[bytes]:
    return [tag.strip().lower() for tag in value.split(b",") if tag.strip()]


def reasons(response: Response) -> tuple[str, ...]:
    """The Reason header values of a response (RFC 3326, RFC 6432), as text."""
    return tuple(value.decode("utf-8", "replace") for value in response.headers.all(names.REASON))


_CAUSE = re.compile(r"(?i)^\s*Q\.850\s*(?:;[^;]*)*?;\s*cause\s*=\s*([0-9]{1,3})\s*(?:;|$)")


def q850_causes(values: tuple[str, ...]) -> tuple[int, ...]:
    """The Q.850 causes among Reason header values."""
    return tuple(int(found[1]) for value in values if (found := _CAUSE.match(value)))


_DELTA_SECONDS = re.compile(rb"\s*([0-9]{1,10})(?![0-9])")


def retry_after(response: Response) -> int | None:
    """Seconds of a Retry-After header (RFC 3261 §20.33), or None."""
    value = response.headers.first(names.RETRY_AFTER)
    found = _DELTA_SECONDS.match(value) if value is not None else None
    return int(found[1]) if found else None


_SECONDS = re.compile(rb"[0-9]{1,9}")


def expires(request: Request) -> int | None:
    """Seconds that an INVITE may take, by its own word (RFC 3261 §13.2.1), or None."""
    value = request.headers.first(names.EXPIRES)
    return int(value) if value is not None and _SECONDS.fullmatch(value) else None
