"""What a first policy needs and a list of destinations does not say: the rest of a plan, as examples.

Importers of lists, gateways and dialplans put routes and trunks in; each example that is taken
here is told by a remark, so that nobody runs it unread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sipfo.compiler.draft.draft import Draft, Kind
from sipfo.compiler.draft.words import a_name
from sipfo.compiler.importing.imported import Imported, Remark
from sipfo.compiler.values.address import parse_ip, unfit
from sipfo.compiler.values.host import host_fault
from sipfo.plan import model

LISTEN: Final = model.Listen(transport="udp", host="192.0.2.10", port=5060)
NETWORK: Final = "203.0.113.0/24"
RETRY: Final = model.Retry(
    name="standard",
    rules=(
        *(
            model.Rule(match=model.OnCode(code=code), verdict="failover")
            for code in (408, 480, 503, 504)
        ),
        model.Rule(match=model.OnLocal(outcome="transport-error"), verdict="failover"),
    ),
    otherwise="stop",
    commit=(model.CommitOnCode(code=180),),
    no_response=4.0,
)
"""The codes that most tables agree on; a line of the file decides nothing of it."""

_PLACE: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
_USER: Final = re.compile(r"[A-Za-z0-9+*._~%-]{1,64}")


class Place(NamedTuple):
    """Where something leads: a URI as a policy writes it, or why there is none."""

    uri: str | None
    why: str = ""


def place_of(text: str) -> Place:
    """A SIP URI, or a host with a port, in the form of a policy; parameters but `transport` are
    left out, which the reason says."""
    rest = re.sub(r"(?i)^<?sips?:", "", text.strip().removesuffix(">"))
    where, _, parameters = rest.partition(";")
    user, at, where = where.rpartition("@")
    found = _PLACE.fullmatch(where)
    if re.match(r"(?i)<?sips:", text.strip()) or found is None:
        return Place(None, f"no destination that a policy has: {text[:60]!r}")
    host, port = found[1].strip("[]"), found[2]
    address = parse_ip(host)
    if address is None and host_fault(host) is not None:
        return Place(None, f"no host: {host[:60]!r}")
    if address is not None and unfit(address) is not None:
        return Place(None, f"nobody is at {host}: {unfit(address)}")
    if port is not None and not 0 < int(port) < 65536:
        return Place(None, f"no port: {port}")
    if at and not _USER.fullmatch(user):
        return Place(None, f"no user: {user[:40]!r}")
    said = [one.strip().partition("=") for one in parameters.split(";") if one.strip()]
    transports = [value.lower() for key, _, value in said if key.lower() == "transport"]
    if transports and transports[0] not in ("udp", "tcp", "tls"):
        return Place(None, f"no transport of a policy: {transports[0][:20]!r}")
    shown = f"[{address}]" if address is not None and address.version == 6 else host
    uri = f"sip:{user + '@' if at else ''}{shown}{':' + port if port else ''}"
    if transports and transports[0] != "udp":
        uri += f";transport={transports[0]}"
    others = [key for key, _, _ in said if key.lower() != "transport"]
    why = f"left out of its URI: {', '.join(others)[:60]}" if others else ""
    return Place(uri, why)


def secret_of(name: str) -> str:
    """The name of the secret of a password that is not written."""
    clean = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()
    return f"{'_' if clean[:1].isdigit() else ''}{clean[:100] or 'ROUTE'}_PW"


class First:
    """A plan that grows: routes by name, trunks over them, and what was left out."""

    def __init__(self, called: str, what: str) -> None:
        """`called` is the file, `what` says in the policy's heading what it is."""
        self.remarks: list[Remark] = []
        self.routes: dict[str, model.Route] = {}
        self.trunks: list[model.Trunk] = []
        self.listen = LISTEN
        self.networks: tuple[str, ...] = ()
        self._heading = f"{what}, from {called}."

    def remark(self, line: int, text: str, file: str = "") -> None:
        """Something that the policy does not say, or says in another way."""
        self.remarks.append(Remark(line, text, file))

    def route(self, wanted: str, uri: str, **more: object) -> str:
        """A route, under a name like the one that is wanted; the name that it got."""
        name = a_name(wanted, self.routes, "route")
        document = {"name": name, "destinations": (uri,), **more}
        self.routes[name] = model.Route.model_validate(document)
        return name

    def trunk(
        self,
        wanted: str,
        routes: Sequence[str],
        numbers: model.Numbers | None = None,
        weights: Sequence[int] = (),
    ) -> None:
        """A trunk over routes; without numbers, the first has any and the others an example."""
        names = [one.name for one in self.trunks]
        taken = {claim for one in self.trunks for claim in one.numbers}
        if numbers is None or numbers in taken:
            example = model.NumberPrefix(prefix=f"+999000{len(names):03}")
            numbers = example if names else model.AnyNumber()
        self.trunks.append(
            model.Trunk(
                name=a_name(wanted, [*names, *self.routes], "trunk"),
                numbers=(numbers,),
                accept=model.Accept(networks=self.networks or (NETWORK,)),
                egress=("listen",),
                method="weighted" if weights else "sequential",
                routes=tuple(dict.fromkeys(routes)),
                weights=tuple(weights),
                retry=RETRY.name,
            )
        )

    def imported(self, examples: Mapping[str, str]) -> Imported:
        """The draft, with a remark for each example that `examples` names."""
        for what, text in examples.items():
            self.remark(0, f"{what}: {text}")
        listen = self.listen
        egress = model.Egress(name="listen", host=listen.host, port=listen.port)
        plan = model.Plan(
            listen=(listen,),
            egress=(egress,),
            routes=tuple(self.routes.values()),
            retries=(RETRY,),
            trunks=tuple(self.trunks),
        )
        heading = (self._heading, "What the file does not say is an example: replace it.")
        comments: dict[tuple[Kind, str], tuple[str, ...]] = {
            ("retry", RETRY.name): ("An example: what is there says other codes, or none.",)
        }
        draft = Draft(plan, heading=heading, comments=comments)
        return Imported(draft, tuple(sorted(self.remarks, key=lambda one: (one.file, one.line))))
