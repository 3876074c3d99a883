"""An Asterisk folder to a draft: `pjsip.conf` gives the routes, ladders of `Dial` their order.

A ladder is the `Dial` of one extension after the other, each to PJSIP endpoints. What would surprise:
conditions between them are not followed; each is told, and the ladder is read as if every `Dial`
were reached by the failure of the one before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final

from sipfo.compiler.importing.asterisk_conf import Section, Setting, read_sections
from sipfo.compiler.importing.first import First, place_of, secret_of
from sipfo.compiler.importing.imported import Imported, NotImportable
from sipfo.compiler.values.address import parse_ip, unfit
from sipfo.plan import model

PJSIP: Final = "pjsip.conf"
EXTENSIONS: Final = "extensions.conf"
FILES: Final = (PJSIP, EXTENSIONS)
"""What is read of the folder."""

_KINDS: Final = ("endpoint", "aor", "auth", "identify", "transport")
_USED: Final = {
    "endpoint": {"type", "aors", "outbound_auth"},
    "aor": {"type", "contact", "qualify_frequency"},
    "auth": {"type", "auth_type", "username", "password"},
    "identify": {"type", "endpoint", "match"},
    "transport": {"type", "protocol", "bind"},
}
_QUIET: Final = frozenset({"noop", "hangup", "verbose", "log"})
"""Applications that change nothing about where a call goes."""

_STEP: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(?:\((.*)\))?\s*", re.DOTALL)
_PRIORITY: Final = re.compile(r"(?:n|[0-9]+|hint)(?:[+-][0-9]+)?(?:\([^)]*\))?", re.IGNORECASE)
_PATTERN: Final = re.compile(r"_?(\+?)([0-9]*)([XZN0-9.!\[\]-]*)")
_SHOWN: Final = 60


@dataclass(slots=True)
class _Ladder:
    context: str
    extension: str
    line: int
    endpoints: list[str] = field(default_factory=list)


def read(files: Mapping[str, bytes], called: str) -> Imported:
    """The draft of a folder's files, by name. Raises NotImportable."""
    return _Importing(called).imported(files)


class _Importing:
    def __init__(self, called: str) -> None:
        self._first = First(called, "Endpoints and Dial ladders of an Asterisk")
        self._objects: dict[tuple[str, str], Section] = {}
        self._routes: dict[str, list[str]] = {}
        self._ladders: dict[tuple[str, str], _Ladder] = {}

    def imported(self, files: Mapping[str, bytes]) -> Imported:
        if PJSIP not in files:
            raise NotImportable(f"there is no {PJSIP} in it (chan_sip's sip.conf is not read)")
        self._pjsip(files[PJSIP])
        if EXTENSIONS in files:
            self._extensions(files[EXTENSIONS])
        else:
            self._first.remark(
                0, f"there is no {EXTENSIONS}: the order of the routes is an example"
            )
        if not self._first.routes:
            raise NotImportable("no endpoint whose aor has a `contact=sip:HOST`")
        called = [one for one in self._ladders.values() if one.endpoints]
        for ladder in called:
            self._trunk(ladder)
        if not called:
            self._first.trunk("outbound", list(self._first.routes))
            self._first.remark(0, "no Dial to these endpoints: one trunk tries them in order")
        examples = {"which codes fail over": "an example: see HANGUPCAUSE and DIALSTATUS there"}
        if not self._first.networks:
            examples["who may call"] = "203.0.113.0/24 is an example, no `identify` says who"
        return self._first.imported(examples)

    def _tell(self, setting: Setting | Section, text: str, file: str = PJSIP) -> None:
        self._first.remark(setting.line, text, file)

    def _pjsip(self, data: bytes) -> None:
        sections, remarks = read_sections(data, PJSIP)
        self._first.remarks += remarks
        for section in sections:
            kind = section.said("type").lower()
            if section.template:
                continue
            if kind not in _KINDS:
                what = f"type={kind[:20]}" if kind else "no type"
                self._tell(section, f"[{section.name[:40]}], {what}, is nothing that a policy says")
                continue
            if (kind, section.name) in self._objects:
                self._tell(section, f"a second {kind} [{section.name[:40]}]: the first is taken")
                continue
            self._objects[kind, section.name] = section
            for one in section.settings:
                if one.key not in _USED[kind]:
                    text = f"nothing that a policy says: {one.key[:30]}={one.value[:30]}"
                    self._tell(one, text)
        for (kind, name), section in self._objects.items():
            if kind == "transport":
                self._transport(section)
            elif kind == "identify":
                text = "who it is decides the context there: here all of them may call every trunk"
                self._tell(section, text)
                self._identify(section)
            elif kind == "endpoint":
                self._endpoint(name, section)

    def _transport(self, section: Section) -> None:
        """The first with an address of its own is where the policy listens."""
        bind, protocol = section.last("bind"), section.said("protocol").lower() or "udp"
        found = re.fullmatch(
            r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+)(?::([0-9]{1,5}))?", bind.value if bind else ""
        )
        host = parse_ip(found[1].strip("[]")) if found is not None else None
        if bind is None or found is None or host is None or unfit(host) is not None:
            where = bind.value[:40] if bind is not None else "nothing"
            text = f"transport binds {where}: 192.0.2.10 is an example to listen on"
            self._tell(bind or section, text)
        elif protocol not in ("udp", "tcp") or self._first.listen.host != "192.0.2.10":
            self._tell(bind, f"another transport, {protocol[:20]} {bind.value[:40]}: left out")
        else:
            port = int(found[2] or 5060)
            document = {"transport": protocol, "host": str(host), "port": port}
            if 0 < port < 65536:
                self._first.listen = model.Listen.model_validate(document)

    def _identify(self, section: Section) -> None:
        for setting in section.settings:
            if setting.key != "match":
                continue
            for text in filter(None, (one.strip() for one in setting.value.split(","))):
                try:
                    network = str(ip_network(text, strict=False))
                except ValueError:
                    self._tell(setting, f"no network of a policy: {text[:_SHOWN]!r}")
                    continue
                if network.endswith("/0") or "%" in network:
                    self._tell(setting, f"anybody: write `accept anyone` for {text[:20]}")
                elif network not in self._first.networks:
                    self._first.networks = (*self._first.networks, network)

    def _endpoint(self, name: str, section: Section) -> None:
        """A route for each place where its aors have it."""
        made: list[str] = []
        more = self._auth(section)
        aors = [one.strip() for one in section.said("aors").split(",") if one.strip()]
        for aor in aors:
            found = self._objects.get(("aor", aor))
            if found is None:
                self._tell(section, f"endpoint [{name[:40]}] has no aor [{aor[:40]}]")
                continue
            probe = self._probe(found)
            contacts = [one for one in found.settings if one.key == "contact"]
            if not contacts:
                text = f"aor [{aor[:40]}] has no contact: users that register are left out"
                self._tell(found, text)
            for contact in contacts:
                place = place_of(contact.value)
                if place.why:
                    self._tell(contact, place.why)
                if place.uri is not None:
                    about = {**more, **({"probe": probe} if probe is not None else {})}
                    made.append(self._first.route(name, place.uri, **about))
        if not aors:
            self._tell(section, f"endpoint [{name[:40]}] has no aors: left out")
        if made:
            self._routes[name] = made

    def _auth(self, section: Section) -> dict[str, object]:
        wanted = section.last("outbound_auth")
        if wanted is None:
            return {}
        auth = self._objects.get(("auth", wanted.value))
        user = auth.said("username") if auth is not None else ""
        if auth is None or not re.fullmatch(r'[^\x00-\x1f\x7f"]{1,64}', user):
            self._tell(wanted, f"no user in auth [{wanted.value[:40]}]")
            return {}
        secret = secret_of(auth.name)
        text = f"the password is not copied: give it as secret {secret}"
        self._tell(auth.last("password") or auth, text)
        return {"auth": {"user": user, "secret": secret}}

    def _probe(self, aor: Section) -> dict[str, object] | None:
        every = aor.last("qualify_frequency")
        if every is None or every.value == "0":
            return None
        if not re.fullmatch(r"[0-9]{1,5}", every.value) or int(every.value) > 86400:
            self._tell(every, f"no number of seconds: {every.value[:20]!r}")
            return None
        return {"every": float(every.value), "down_after": 1, "up_after": 1}

    def _extensions(self, data: bytes) -> None:
        sections, remarks = read_sections(data, EXTENSIONS)
        self._first.remarks += remarks
        for section in sections:
            if section.name in ("general", "globals"):
                for one in section.settings:
                    self._tell(one, f"left out: {one.key[:30]}={one.value[:30]}", EXTENSIONS)
                continue
            extension = ""
            for setting in section.settings:
                extension = self._step(section.name, extension, setting)

    def _step(self, context: str, extension: str, setting: Setting) -> str:
        """One `exten` or `same`; the extension that a `same` after it belongs to."""
        text = setting.value
        if setting.key == "exten":
            extension, _, text = (one.strip() for one in text.partition(","))
        elif setting.key != "same" or not extension:
            self._tell(setting, f"not understood: {setting.key[:30]}={text[:30]}", EXTENSIONS)
            return extension
        priority, _, application = (one.strip() for one in text.partition(","))
        found = _STEP.fullmatch(application)
        if not _PRIORITY.fullmatch(priority) or found is None:
            self._tell(setting, f"not understood: {setting.value[:_SHOWN]!r}", EXTENSIONS)
            return extension
        if found[1].lower() == "dial":
            key = context, extension
            ladder = self._ladders.setdefault(key, _Ladder(context, extension, setting.line))
            self._dial(setting, ladder, found[2] or "")
        elif found[1].lower() not in _QUIET:
            self._tell(setting, f"left out: {application[:_SHOWN]}", EXTENSIONS)
        return extension

    def _dial(self, setting: Setting, ladder: _Ladder, arguments: str) -> None:
        technologies, *others = arguments.split(",")
        called = technologies.split("&")
        if len(called) > 1:
            self._tell(
                setting, "calls all of them at once: read as one after the other", EXTENSIONS
            )
        for one in called:
            endpoint = _endpoint_in(one.strip())
            if endpoint is None or endpoint not in self._routes:
                self._tell(setting, f"no endpoint that is known: {one[:_SHOWN]!r}", EXTENSIONS)
            else:
                ladder.endpoints.append(endpoint)
        said = ",".join(others).strip(", ")
        if said:
            text = f"left out of Dial: {said[:_SHOWN]!r}; `no-answer` is how long it may ring"
            self._tell(setting, text, EXTENSIONS)

    def _trunk(self, ladder: _Ladder) -> None:
        numbers = _numbers(ladder.extension)
        if numbers is None:
            text = (
                f"{ladder.extension[:40]!r} begins with no country code: the numbers are examples"
            )
            self._first.remark(ladder.line, text, EXTENSIONS)
        elif any(numbers in one.numbers for one in self._first.trunks):
            text = (
                f"{ladder.extension[:40]!r} is another trunk's already: its numbers are an example"
            )
            self._first.remark(ladder.line, text, EXTENSIONS)
        if numbers is not None and re.fullmatch(r"_[^.!]*[XZN\]][^.!]*", ladder.extension):
            text = f"{ladder.extension[:40]!r} has a length, which the beginning of numbers has not"
            self._first.remark(ladder.line, text, EXTENSIONS)
        routes = [route for one in ladder.endpoints for route in self._routes[one]]
        if len(set(routes)) < len(routes):
            text = "an endpoint is called again: a policy tries a route once from each address"
            self._first.remark(ladder.line, text, EXTENSIONS)
        self._first.trunk(f"{ladder.context}-{ladder.extension}", routes, numbers)


def _endpoint_in(text: str) -> str | None:
    """The endpoint of `PJSIP/${EXTEN}@north`, `PJSIP/north` or `PJSIP/north/sip:…`."""
    found = re.fullmatch(r"(?i)PJSIP/(?:[^@/]*@)?([^@/&,]+?)(?:/sips?:.*)?", text)
    return None if found is None else found[1].strip()


def _numbers(extension: str) -> model.Numbers | None:
    """The numbers that an extension stands for, where it begins with a country code."""
    found = _PATTERN.fullmatch(extension)
    if found is not None and extension.startswith("_") and not found[2]:
        return model.AnyNumber() if found[3].endswith((".", "!")) else None
    if found is None or not found[2] or found[2].startswith("0") or len(found[2]) > 15:
        return None
    is_prefix = extension.startswith("_")
    digits = found[2]
    if not is_prefix and found[3]:
        return None
    return model.NumberPrefix(prefix=f"+{digits}")
