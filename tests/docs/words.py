"""What each statement says and which page tells more of a value: the one hand-written part of the
grammar's page. A test holds it to the grammar.
"""

from __future__ import annotations

from typing import Final

_NOTE: Final = ("what whoever uses these facts should know",)
_SOURCE: Final = ("where these facts were read, and when",)

_PROBE: Final = ("how often OPTIONS is sent, and what takes it out of use and back",)
_AUTH: Final = ("the digest user and password that are given when it asks",)
_TRUSTED: Final = ("it keeps to itself an identity that its owner wants kept (RFC 3325)",)
_LIMIT: Final = ("most calls at once, and most new calls in a second",)

MEANINGS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "file": {
        "sipfo": ("the language's version; the first statement",),
        "import": ("the facts of a bundled library", "the statements of another file"),
        "listen": ("an address that calls arrive on", "the same over TLS"),
        "region": ("a primary and a secondary address",),
        "retry": ("a retry policy",),
        "route": ("a named destination",),
        "registrar": ("users that register, and where",),
        "carrier": ("a PSTN termination carrier",),
        "trunk": ("which calls, and what is to happen to them",),
        "cluster": ("the machines that carry the policy together",),
        "test": ("one call, and what must be seen of it",),
        "note": _NOTE,
        "source": _SOURCE,
    },
    "region": {
        "primary": ("the first address; compulsory",),
        "secondary": ("the second; compulsory",),
        "domain": ("the name whose SRV records stand for both",),
        "note": _NOTE,
        "source": _SOURCE,
    },
    "retry": {
        "failover": ("outcomes after which the next attempt is made",),
        "stop": ("outcomes that end the call",),
        "commit": ("provisionals after which nothing fails over",),
        "otherwise": ("every outcome that is not named; compulsory",),
        "no-response": ("how long nothing at all may be heard",),
        "no-progress": ("how long 100 alone may have been heard",),
        "no-answer": ("how long it may ring",),
        "note": _NOTE,
        "source": _SOURCE,
    },
    "route": {
        "to": (
            "a SIP URI, resolved by RFC 3263",
            "a region's primary address, then its secondary",
            "wherever a user is registered",
        ),
        "auth": _AUTH,
        "probe": _PROBE,
        "trusted": _TRUSTED,
        "note": _NOTE,
        "source": _SOURCE,
    },
    "registrar": {
        "domain": ("the domain that users register in; compulsory",),
        "user": ("who may register",),
        "instance": ("a process that holds registrations; one to three",),
        "note": _NOTE,
        "source": _SOURCE,
    },
    "carrier": {
        "to": ("a SIP URI, resolved by RFC 3263", "not for a carrier: an error says so"),
        "prefixes": ("numbers that it terminates; none means any",),
        "except": ("numbers that it is not sent, unless a longer prefix of its own says so",),
        "cost": ("its price, for `via cheapest` and `at most`",),
        "rates": ("a CSV file with its prefixes, what each costs, and from when until when",),
        "number": ("how it wants the number: characters off the front, then digits before it",),
        "auth": _AUTH,
        "limit": _LIMIT,
        "probe": _PROBE,
        "trusted": _TRUSTED,
        "note": _NOTE,
        "source": _SOURCE,
    },
    "trunk": {
        "numbers": ("the called numbers that are its own: ranges, prefixes or `any`",),
        "accept": (
            "anyone may place its calls",
            "who is in one of these networks may",
            "who gives one of these credentials may",
        ),
        "from": ("the region whose addresses attempts are sent from, in order",),
        "routes": (
            "its routes, as listed or turned by one place per call",
            "its routes, drawn by weight (RFC 2782)",
        ),
        "order": ("all routes by the first address first, or each route by all addresses",),
        "retry": ("the retry policy that its outcomes are judged by",),
        "deadline": ("the whole call set-up, ringing included",),
        "patience": ("how long whoever calls waits before giving up",),
        "limit": _LIMIT,
        "trusted": ("identities that its callers' side asserts are true (RFC 3325)",),
        "on": ("where a call goes when every attempt has failed over",),
        "always": ("where every call goes at once; no route is tried",),
        "note": _NOTE,
        "source": _SOURCE,
    },
    "cluster": {
        "member": ("a machine: where the others reach it, and what addresses it has of its own",),
        "note": _NOTE,
        "source": _SOURCE,
    },
    "test": {
        "call": ("the call: on which trunk, to which number, after how many others",),
        "when": (
            "what a destination does, step by step",
            "which instance holds the registration",
            "the caller's part",
        ),
        "expect": (
            "an attempt; all of them in order, when there is one",
            "the result: answered",
            "the result: refused",
            "the result: the caller gave up",
        ),
    },
}
"""For each kind of block and each word that opens a statement: what each of its forms says."""

PAGES_OF_VALUES: Final = {
    "AMOUNT": "SF114",
    "CAUSE": "SF110",
    "CODE": "SF113",
    "COUNT": "SF112",
    "DURATION": "SF105",
    "EGRESS": "SF204",
    "ENDPOINT": "SF101",
    "HOST": "SF106",
    "MOMENT": "SF111",
    "NAME": "SF109",
    "NETWORK": "SF103",
    "NUMBER": "SF107",
    "OUTCOME": "SF110",
    "SECRET": "SF115",
    "STRING": "SF006",
    "URI": "SF104",
    "USER": "SF116",
    "VERSION": "SF301",
}
"""The code of what is wrong with such a value."""

ACCEPTED: Final = {
    "CAUSE": "A number from 1 to 127.",
    "CODE": "Three digits: 200 to 699 for an answer, 300 to 699 for a refusal.",
    "DATE": "A year, a month or a day: `2026`, `2026-07` or `2026-07-30`.",
    "EGRESS": "A region's two addresses by its name, `us`; one of them, `us.primary`; or `listen`.",
    "STRING": 'Any text on one line but `"`, which ends it: there is no escape.',
}
"""What may stand there, where the page of the code is about more or about less."""
