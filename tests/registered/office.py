"""An office with three instances, each a `sipfo run --instance` of its own, and its telephones.

What would surprise: an instance is killed by its own process id and nothing else, and what is
called afterwards must show at the telephone, by the address that the INVITE came from.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from sipfo.plan.model import Listen
from sipfo.plan.scenario import Behaviour, Reply
from sipfo.runtime.secret import Secret
from sipfo.verify.lab.caller import Caller, Received
from sipfo.verify.lab.devices import PORT, Device
from sipfo.verify.lab.endpoint import Endpoint
from sipfo.verify.lab.passwords import Proof
from sipfo.verify.lab.registering import Registration
from sipfo.verify.lab.script import Script, Sighting
from sipp.addresses import Block
from sipp.process import Process

NUMBER = "+13125550123"
DOMAIN = "sip.acme.example"
PASSWORD = "open sesame"
INSTANCES = ("kss-a", "kss-b", "kss-c")
DECLARED = {"kss-a": "192.0.2.10", "kss-b": "192.0.2.11", "kss-c": "198.51.100.10"}
OCTETS = {"kss-a": 1, "kss-b": 2, "kss-c": 3}
CALLER, TELEPHONE = 7, 9
LIMIT = 10.0
POLL = 0.01

POLICY = """\
sipfo 1

listen udp 192.0.2.10:5060
listen tcp 192.0.2.10:5060
listen udp 192.0.2.11:5060
listen tcp 192.0.2.11:5060
listen udp 198.51.100.10:5060
listen tcp 198.51.100.10:5060

retry standard {
    failover on 408, 480, 503, transport-error
    stop     on 404, 486, 603
    otherwise stop
    no-response 1s
    no-progress 2s
}

registrar office {
    domain   sip.acme.example
    user     alice password secret ALICE_PW
    user     bob password secret ALICE_PW
    instance kss-a 192.0.2.10
    instance kss-b 192.0.2.11
    instance kss-c 198.51.100.10
}
route desk { to registered alice at office }

trunk acme {
    numbers +1312
    accept  from 192.0.2.200
    routes  sequential desk
    retry   standard
}
"""


class Office:
    """One test's instances; `close` in any case."""

    def __init__(self, folder: Path, store: str, *options: str) -> None:
        """`options` are more of what every instance is told."""
        self._options = options
        self.folder = folder
        self.block = Block()
        self._store = store
        self._policy = folder / "office.sipfo"
        self._policy.write_text(POLICY, encoding="utf-8")
        self._secrets = folder / "secrets"
        self._secrets.write_text(f"ALICE_PW={PASSWORD}\n", encoding="utf-8")
        self._secrets.chmod(0o600)
        self._every: list[Process] = []
        self.running: dict[str, Process] = {}

    def of(self, instance: str) -> str:
        """The address of an instance."""
        return self.block.address(OCTETS[instance])

    @property
    def mappings(self) -> list[str]:
        """What every instance is told."""
        maps = [f"--map={DECLARED[one]}={self.of(one)}" for one in INSTANCES]
        return [*maps, f"--map=192.0.2.200={self.block.address(CALLER)}"]

    def start(self, *instances: str) -> None:
        """Start instances, and wait until they serve."""
        for one in instances:
            number = len(self._every)
            words = [sys.executable, "-m", "sipfo.cli.main", "run", "--grace=0", *self.mappings]
            words += [f"--instance={one}", f"--bindings={self._store}", *self._options]
            words += [f"--secrets={self._secrets}", f"--records={self.folder}/{one}.jsonl"]
            words += [f"--control={self.folder}/{one}.sock", str(self._policy)]
            process = Process(f"{one}-{number}", words, self.folder)
            self._every.append(process)
            self.running[one] = process
        for one in instances:
            self.running[one].says(b"  ready  ")

    def kill(self, instance: str) -> None:
        """As a machine dies: at once, with nothing said."""
        process = self.running.pop(instance)
        process.signal(signal.SIGKILL)
        process.ends()

    def end(self) -> None:
        """Tell those that run to stop, and wait until they have: their records are whole then."""
        for process in self.running.values():
            process.signal(signal.SIGTERM)
        for process in self.running.values():
            assert process.ends() == 0, self.report()
        self.running.clear()

    def join(self, other: Process) -> None:
        """Have somebody else ended with the instances."""
        self._every.append(other)

    def report(self) -> str:
        """Everything that the instances wrote."""
        return "\n".join(f"--- {one}\n{one.report()}" for one in self._every)

    def close(self) -> None:
        """End whatever still runs."""
        for one in self._every:
            one.kill()
        self.block.release()

    def device(self, instance: str, octet: int = TELEPHONE, user: str = "alice") -> Device:
        """A telephone that registers at an instance."""
        at = Listen(transport="udp", host=self.of(instance), port=PORT)
        return Device(user, DOMAIN, "ALICE_PW", ("desk",), self.block.address(octet), at, None)

    def registration(
        self, instance: str, octet: int = TELEPHONE, user: str = "alice", password: str = PASSWORD
    ) -> Registration:
        """Its registration."""
        return Registration(self.device(instance, octet, user), Proof(user, Secret(password)))

    async def call(self, instance: str, limit: float = 20.0) -> Received:
        """Place a call at an instance, and hang up when it is answered."""
        there = (self.of(instance), PORT)
        caller = Caller("udp", self.block.address(CALLER), there)
        return await caller.call(NUMBER, None, limit)


class Telephone:
    """Somebody who answers at an address, and notes where calls come from. Use `open`."""

    def __init__(self, office: Office, endpoint: Endpoint, sightings: list[Sighting]) -> None:
        self._office = office
        self._endpoint = endpoint
        self._sightings = sightings

    @classmethod
    async def open(cls, office: Office, octet: int = TELEPHONE, *replies: int) -> Telephone:
        """Be there. It answers 200, unless other replies are given."""
        sightings: list[Sighting] = []
        said = tuple(Reply(status=one, after=0.0) for one in replies or (180, 200))
        behaviour = Behaviour(route="desk", reach="replies", replies=said)
        behaviours = {office.of(one): behaviour for one in INSTANCES}
        at = (office.block.address(octet), PORT)
        script = Script(at, "udp", behaviours, lambda source: source[0], sightings)
        endpoint = Endpoint(script)
        await endpoint.listen_udp(at)
        return cls(office, endpoint, sightings)

    @property
    def called_by(self) -> list[str]:
        """The instance that each INVITE came from, in order."""
        names = {self._office.of(one): one for one in INSTANCES}
        found = [one for one in self._sightings if one.method == "INVITE" and one.first]
        return [names.get(one.source[0], one.source[0]) for one in found]

    async def quiet(self) -> None:
        """Wait until everybody who was answered has hung up, and been acknowledged."""
        async with asyncio.timeout(LIMIT):
            while not self._endpoint.script.is_quiet:
                await asyncio.sleep(POLL)

    async def close(self) -> None:
        """Be there no more."""
        self._endpoint.close()
        await asyncio.sleep(0)  # asyncio closes a socket in the loop's next turn
