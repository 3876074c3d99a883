"""A call through the script, in virtual time: what `tm` of OpenSIPS does with branches, timers and
replies, as its source has it (t_fwd.c, t_reply.c, timer.c, tm.c), around the script's own blocks.

What stands at the end is a ladder, which must be the model's. What would surprise: nothing of the plan
is asked here but what destinations do; where an INVITE goes is read off the script's own $du, $ru and
socket, and must be where the plan says that this attempt goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Final, Literal

from compiler.targets.opensips.machine import Machine, Value, shared_of
from compiler.targets.opensips.reader import Script
from sipfo.compiler.targets.places import Place, places
from sipfo.compiler.targets.sockets import sender
from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.model import Carrier, Plan, Trunk
from sipfo.plan.order import shaped
from sipfo.plan.scenario import Reply, Scenario
from sipfo.verify.conduct import behaviour_of, due, has_body, phrase_of
from sipfo.verify.simulate import trunk_of, turned
from sipfo.verify.targets import place_of

Kind = Literal["answered", "refused", "cancelled"]

TICKS: Final = 1000
MAX_BRANCHES: Final = 12
EPOCH: Final = 1_800_000_000
"""When the call comes, in Unix seconds."""


@dataclass
class Branch:
    """A branch of the transaction (`struct ua_client`)."""

    egress: str
    route: str
    level: str | None
    began: int
    sent: bool = True
    last: int = 0
    most: int = 0
    local: bool = False
    timer: int = -1
    to_cancel: bool = False
    cancelled: bool = False


@dataclass
class Message:
    """A response, as the script looks at it."""

    status: int
    phrase: str
    body: bool
    fields: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Cell:
    """The INVITE transaction (`struct cell`)."""

    branches: list[Branch] = field(default_factory=list)
    first: int = 0
    status: int = 0
    fr: int = 0
    fr_inv: int = 0
    on_failure: str = ""
    on_reply: str = ""
    on_branch: str = ""
    was_cancelled: bool = False
    forwarded: bool = False
    picked: int = -1


class Player:
    """One OpenSIPS, which keeps its shared variables from call to call."""

    def __init__(self, plan: Plan, script: Script) -> None:
        self.plan = plan
        self.script = script
        self.machine = Machine(script)
        self.shared = dict(shared_of(script))
        self.counted: Counter[tuple[str, str]] = Counter()
        """Calls that are up already, by dialog profile and value."""
        self.fields: dict[int, dict[str, list[str]]] = {}
        """Header fields that each response of a code has."""
        self.sent: list[str] = []
        """What was added to replies."""
        given = {(module, name): one for module, name, one in script.parameters}
        assert given["tm", "disable_6xx_block"] == 1
        assert given["tm", "onreply_avp_mode"] == 1
        self.restarts = given["tm", "restart_fr_on_each_reply"] == 1
        self.timers = (given["tm", "fr_timeout"], given["tm", "fr_inv_timeout"])

    def ask(
        self,
        scenario: Scenario,
        method: str = "INVITE",
        source: str | None = None,
        user: str | None = None,
    ) -> Ladder:
        """The scenario's call as another request, from another address or to another user."""
        return _Call(self, scenario, method, source, user).run()

    def play(self, scenario: Scenario) -> Ladder:
        """The scenario's call, behind those that came before it."""
        for _ in range(scenario.calls_before):
            _Call(self, Scenario(name="", trunk=scenario.trunk, number=scenario.number)).run()
        return _Call(self, scenario).run()


class _Call:
    """A call under way: a world for the machine, and the transaction that it is."""

    def __init__(
        self,
        player: Player,
        scenario: Scenario,
        method: str = "INVITE",
        source: str | None = None,
        user: str | None = None,
    ) -> None:
        self._player = player
        self._plan = player.plan
        self._scenario = scenario
        self._trunk = trunk_of(player.plan, scenario)
        self._places = {place.key: place for place in places(player.plan)}
        self.avps: dict[str, list[Value]] = {}
        self.shared = player.shared
        self.variables: dict[str, Value] = {}
        self._cell: Cell | None = None
        self._now = 0
        self._order = count()
        self._events: list[tuple[int, int, int, tuple[object, ...]]] = []
        self._attempts: list[Attempt] = []
        self._settled: Settled | None = None
        self._elapsed = 0
        self._kind = "route"
        self._method = method
        self._source = source or _caller(self._trunk)
        self._index = 0
        self._message: Message | None = None
        self._uri = f"sip:{scenario.number if user is None else user}@192.0.2.10"
        self._hop = ""
        self._socket = ""
        self._random = list(_chosen(self._trunk, turned(self._trunk, scenario)))
        self._records = False
        self._dialog = False

    # ----- time -----

    def run(self) -> Ladder:
        """The call from its INVITE to its result."""
        if self._scenario.cancel_after is not None:
            self._after(self._scenario.cancel_after, 1, ("cancel",))
        self._script("route")
        while self._settled is None:
            self._now, _, _, event = heappop(self._events)
            match event:
                case ("cancel",):
                    self._method = "CANCEL"
                    self._script("route")
                    self._method = "INVITE"
                case ("reply", int() as branch, Message() as message):
                    self._reply(branch, message)
                case ("timer", int() as branch, int() as token):
                    self._expired(branch, token)
        return Ladder(tuple(self._attempts), self._settled, self._elapsed / TICKS)

    def _after(self, seconds: float, kind: int, event: tuple[object, ...]) -> None:
        heappush(self._events, (self._now + round(seconds * TICKS), kind, next(self._order), event))

    def _script(self, kind: str, name: str = "") -> None:
        before, self._kind = self._kind, kind
        self._player.machine.run(self, kind, name)
        self._kind = before

    # ----- tm -----

    def _relay(self) -> bool:
        """`t_relay` of an INVITE: one more branch, sent (t_forward_nonack)."""
        cell = self._cell
        assert cell is not None
        assert self._records and self._dialog, "no Record-Route, or no dialog"
        if cell.was_cancelled:
            return False
        cell.first = len(cell.branches)
        if len(cell.branches) == MAX_BRANCHES:
            return False
        self._index = len(cell.branches)
        kept = self._uri, self._hop
        self._script("branch_route", cell.on_branch)
        self._uri, self._hop = kept
        branch = self._addressed()
        behaviour = behaviour_of(self._scenario, branch.egress, branch.route, branch.level)
        if behaviour.reach == "unresolvable":
            self._over(branch, "transport-error", reached=False)
            return False
        cell.branches.append(branch)
        if behaviour.reach == "refuses" and "transport=tcp" in self._hop:
            branch.sent = False
            self._over(branch, "transport-error")
            return False
        cell.forwarded = True
        self._arm(len(cell.branches) - 1, cell.fr)
        for seconds, reply in due(behaviour):
            self._after(seconds, 0, ("reply", len(cell.branches) - 1, self._message_of(reply)))
        return True

    def _message_of(self, reply: Reply) -> Message:
        fields = dict(self._player.fields.get(reply.status, {}))
        if reply.cause is not None:
            fields["Reason"] = [f"Q.850;cause={reply.cause}"]
        return Message(reply.status, phrase_of(reply), has_body(reply.status), fields)

    def _arm(self, branch: int, seconds: int) -> None:
        assert self._cell is not None
        token = next(self._order)
        self._cell.branches[branch].timer = token
        self._after(seconds, 3, ("timer", branch, token))

    def _reply(self, index: int, message: Message) -> None:
        """`reply_received`, then `t_should_relay_response`."""
        cell = self._cell
        assert cell is not None
        branch = cell.branches[index]
        if branch.cancelled and message.status != 487:
            return  # a party that has had its CANCEL says 487 alone
        if message.status >= 200:
            branch.timer = -1
        self._index, self._message = index, message
        self._script("onreply_route", cell.on_reply)
        self._message = None
        if message.status < 200 and branch.to_cancel:
            self._cancel(index)
        if cell.status >= 200 or branch.last >= 200:
            return
        branch.last = message.status
        branch.most = max(branch.most, message.status)
        if message.status >= 300:
            branch.local = False
            self._failed(index, message)
        elif message.status >= 200:
            self._over(branch, str(message.status), message)
            self._settle("answered", message.status, branch.route)
        elif self._player.restarts:
            self._arm(index, cell.fr_inv)

    def _expired(self, index: int, token: int) -> None:
        """`final_response_handler`: a CANCEL if there was a provisional, and a 408 of our own."""
        cell = self._cell
        assert cell is not None
        branch = cell.branches[index]
        if branch.timer != token or cell.status >= 200:
            return
        if branch.last:
            self._cancel(index)
        else:
            branch.to_cancel = True
        branch.local = True
        branch.last = 408
        word = {0: "no-response", 100: "no-progress"}.get(branch.most, "no-answer")
        self._failed(index, None, word)

    def _failed(self, index: int, message: Message | None, word: str = "") -> None:
        """A branch has failed: the failure route, then its reply if nothing new came of it."""
        cell = self._cell
        assert cell is not None
        branch = cell.branches[index]
        place = len(self._attempts)
        self._over(branch, word or str(branch.last), message)
        open_ = [one for one in cell.branches[cell.first :] if one.sent and one.last < 200]
        assert not open_, "attempts are one after the other"
        cell.picked, cell.forwarded = index, False
        armed, cell.on_failure = cell.on_failure, ""
        before = len(cell.branches)
        self._script("failure_route", armed)
        if self._settled is not None and self._is_late(branch):
            self._rename(place, "deadline")
        if self._settled is not None or (len(cell.branches) > before and cell.forwarded):
            return
        code = 500 if branch.last == 503 else branch.last
        by = None if message is None else branch.route
        cell.status = code
        self._settle("refused", code, by)

    def _is_late(self, branch: Branch) -> bool:
        return branch.local and self.avps["late"][0] == 1

    def _rename(self, place: int, word: str) -> None:
        self._attempts[place] = _renamed(self._attempts[place], word)

    def _cancel(self, index: int) -> None:
        """A CANCEL, which a party that rings answers with 487 to its INVITE."""
        assert self._cell is not None
        branch = self._cell.branches[index]
        assert branch.last > 0 or branch.to_cancel, "CANCEL before a provisional"
        if not branch.cancelled:
            branch.cancelled = True
            self._after(0.1, 0, ("reply", index, Message(487, "Request Terminated", False)))

    def _cancel_all(self) -> bool:
        """`t_relay` of a CANCEL (cancel_invite): what has said nothing is left to its timer."""
        cell = self._cell
        if cell is None or cell.status >= 200:
            return False
        cell.was_cancelled = True
        for index, branch in enumerate(cell.branches[cell.first :], start=cell.first):
            if branch.sent and branch.last < 200:
                if branch.last:
                    self._cancel(index)
                else:
                    branch.to_cancel = True
        return True

    def _send(self, code: int) -> None:
        """`t_reply`: a final response of the script's own."""
        cell = self._cell
        assert cell is not None
        assert cell.status < 200, "two final responses"
        cell.status = code
        if cell.was_cancelled:
            if self._attempts:
                self._rename(len(self._attempts) - 1, "cancelled")
            self._settle("cancelled", code, None)
            return
        told = self.avps["tries"][0]
        assert isinstance(told, int)
        by = None
        if told and not (code == 408 and self.avps["late"][0] == 1):
            one = self._attempts[told - 1]
            by = one.route if one.outcome.isdigit() else None
        self._settle("refused", code, by)

    def _settle(self, kind: Kind, code: int, by: str | None) -> None:
        if self._cell is not None:
            self._cell.status = code
        self._settled = Settled(kind, code, by)
        self._elapsed = self._now

    # ----- what is sent -----

    def _addressed(self) -> Branch:
        """Where this INVITE goes, which is where the plan says that such an attempt goes."""
        sends, key = str(self.avps["sends"][0]), str(self.avps["to"][0])
        place = self._places[key]
        (egress,) = (one for one in self._plan.egress if one.name == sends)
        user = self._asked_for(place)
        for number, one in enumerate(place.destinations):
            hops = {one.next_hop, f"sip:{one.behind_user.partition(';')[0]}"}
            hops |= {f"{hop};transport={one.transport}" for hop in tuple(hops) if one.transport}
            uri = f"sip:{one.user or user}@{one.behind_user}"
            if self._hop in hops and self._uri == uri.replace("#", "%23"):
                assert self._socket == sender(egress, one.transport or "udp")
                levels = _levels(place)
                level = levels[number] if levels else None
                return Branch(sends, place.name, level, self._now)
        raise AssertionError(f"{sends} to {key}: {self._uri} by {self._hop}")

    def _asked_for(self, place: Place) -> str:
        if not place.key.startswith("carrier/"):
            return self._scenario.number
        forward = self._trunk.forward
        assert forward is not None and forward.number is not None
        (carrier,) = (one for one in self._plan.carriers if one.name == place.name)
        return shaped(carrier, forward.number)

    def _over(
        self, branch: Branch, word: str, message: Message | None = None, reached: bool = True
    ) -> None:
        (place,) = (one for one in self._places.values() if one.name == branch.route)
        number = _levels(place).index(branch.level) if branch.level is not None else 0
        uris = (place.of.destination,) if isinstance(place.of, Carrier) else place.of.destinations
        self._attempts.append(
            Attempt(
                egress=branch.egress,
                route=branch.route,
                target=str(place_of(uris[number])) if reached else None,
                outcome=word,
                at=branch.began / TICKS,
                took=(self._now - branch.began) / TICKS,
                phrase=message.phrase if message is not None else "",
                level=branch.level if reached else None,
                reasons=tuple(message.fields.get("Reason", ())) if message is not None else (),
            )
        )

    # ----- the machine's world -----

    def call(self, name: str, arguments: list[Value], texts: list[str]) -> bool:
        cell = self._cell
        match name:
            case "t_newtran":
                fr, fr_inv = self._player.timers
                assert isinstance(fr, int) and isinstance(fr_inv, int)
                self._cell = Cell(fr=fr, fr_inv=fr_inv)
            case "t_relay":
                return self._cancel_all() if self._method == "CANCEL" else self._relay()
            case "t_reply" | "send_reply":
                assert isinstance(arguments[0], int) and isinstance(arguments[1], str)
                if cell is None:
                    self._settle("refused", arguments[0], None)
                else:
                    self._send(arguments[0])
            case "t_on_failure" | "t_on_reply" | "t_on_branch":
                assert cell is not None
                setattr(cell, name.removeprefix("t_"), arguments[0])
            case "t_check_trans":
                return self._method == "CANCEL" and cell is not None
            case "t_was_cancelled":
                return cell is not None and cell.was_cancelled
            case "t_local_replied":
                assert arguments == ["last"] and cell is not None
                return cell.branches[cell.picked].local
            case "is_method":
                return self._method in str(arguments[0]).split("|")
            case "is_present_hf":
                return bool(self._message and self._message.fields.get(str(arguments[0])))
            case "has_body":
                return self._message is not None and self._message.body
            case "has_totag" | "is_privacy":
                return False
            case "force_send_socket":
                self._socket = str(arguments[0])
                assert self._socket in self._player.script.sockets, self._socket
            case "get_profile_size":
                place = str(arguments[0]), str(arguments[1])
                name = texts[2].removeprefix("$var(").removesuffix(")")
                self.variables[name] = self._player.counted[place]
            case "append_to_reply":
                self._player.sent.append(str(arguments[0]))
            case "record_route":
                self._records = True
            case "create_dialog":
                self._dialog = True
            case _:
                return True
        return True

    def variable(self, name: str, inner: str, index: str) -> Value:
        cell, message = self._cell, self._message
        match name:
            case "Ts":
                return EPOCH + self._now // TICKS
            case "rm":
                return self._method
            case "rU":
                return re.sub(r"^sip:(.*)@.*$", r"\1", self._uri)
            case "ru":
                return self._uri
            case "si":
                return self._source
            case "socket_in":
                assert inner == "tag"
                (tag, *_) = self._player.script.sockets.values()
                return tag
            case "RANDOM":
                return self._random.pop(0)
            case "T_branch_idx":
                return self._index
            case "T_reply_code":
                return message.status if message is not None else 0
            case "rr":
                assert message is not None
                return message.phrase
            case "hdr":
                assert message is not None
                values = message.fields.get(inner, [])
                return ", ".join(values) if index == "*" else values[0] if values else None
            case "DLG_status":
                return None
            case _:
                assert cell is not None
                raise AssertionError(name)

    def assign(self, name: str, given: Value) -> None:
        match name:
            case "ru":
                self._uri = str(given)
            case "du":
                self._hop = str(given)
            case "T_fr_timeout" | "T_fr_inv_timeout":
                assert isinstance(given, int) and given > 0 and self._cell is not None
                setattr(self._cell, "fr" if name == "T_fr_timeout" else "fr_inv", given)
            case _:
                raise AssertionError(name)


def _levels(place: Place) -> tuple[str, ...]:
    return () if isinstance(place.of, Carrier) else place.of.levels


def _renamed(attempt: Attempt, word: str) -> Attempt:
    return Attempt(
        attempt.egress,
        attempt.route,
        attempt.target,
        word,
        attempt.at,
        attempt.took,
        "",
        attempt.level,
    )


def _caller(trunk: Trunk) -> str:
    """An address that the trunk accepts."""
    for network in trunk.accept.networks:
        if ":" not in network:
            return network.partition("/")[0]
    return "198.18.0.1"


def _chosen(trunk: Trunk, wanted: tuple[int, ...]) -> Iterator[int]:
    """The numbers that have a weighted trunk draw its routes in this order (RFC 2782)."""
    if trunk.method != "weighted":
        return
    left = sorted(range(len(trunk.weights)), key=lambda place: trunk.weights[place] != 0)
    for one in wanted:
        yield sum(trunk.weights[place] for place in left[: left.index(one) + 1])
        left.remove(one)
