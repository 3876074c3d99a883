"""A stage to bound endpoints: every stand gets its socket and its script, all note what they see."""

from __future__ import annotations

import asyncio

from sipfo.verify.lab.addresses import Whereabouts
from sipfo.verify.lab.endpoint import Endpoint
from sipfo.verify.lab.line import Tap
from sipfo.verify.lab.luck import Luck
from sipfo.verify.lab.papers import Papers
from sipfo.verify.lab.script import Address, Callee, Script, Sighting
from sipfo.verify.lab.stage import Stage, Stand

POLL = 0.01
"""Seconds between looks at whether everybody has fallen silent."""


class Cast:
    """Everybody that a call may reach."""

    def __init__(
        self,
        stage: Stage,
        addresses: Whereabouts,
        papers: Papers | None,
        tap: Tap | None,
        luck: Luck | None,
    ) -> None:
        """Use `start`."""
        self._tap = tap
        self._luck = luck
        self.sightings: list[Sighting] = []
        self._papers = papers
        self._addresses = addresses
        self._endpoints: list[Endpoint] = []
        self._sockets = {
            (addresses.of(host), port): name for name, (host, port) in stage.egress.items()
        }
        self._hosts = {addresses.of(host): name for name, (host, _) in stage.egress.items()}

    @classmethod
    async def start(
        cls,
        stage: Stage,
        addresses: Whereabouts,
        papers: Papers | None,
        tap: Tap | None = None,
        luck: Luck | None = None,
    ) -> Cast:
        """Bind every stand that is there; `papers` are for those on TLS, of whose messages `tap` is
        told; `luck` is that of the call. Raises OSError."""
        cast = cls(stage, addresses, papers, tap, luck)
        try:
            for stand in stage.stands:
                if stand.is_there:
                    await cast._bind(stand)
        except OSError:
            cast.close()
            raise
        return cast

    @property
    def callees(self) -> tuple[Callee, ...]:
        """Every INVITE that reached anybody, by destination."""
        return tuple(one for endpoint in self._endpoints for one in endpoint.script.callees)

    async def quiet(self, limit: float) -> None:
        """Wait until nobody has anything left to say or to hear, for `limit` seconds at most."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + limit
        while loop.time() < ends and not all(one.script.is_quiet for one in self._endpoints):
            await asyncio.sleep(POLL)

    def close(self) -> None:
        """Release every socket."""
        for endpoint in self._endpoints:
            endpoint.close()
        self._endpoints.clear()

    async def _bind(self, stand: Stand) -> None:
        at = (self._addresses.of(stand.place.host), stand.place.port)
        script = Script(
            at, stand.place.transport, stand.behaviours, self._egress_of, self.sightings, self._luck
        )
        endpoint = Endpoint(script)
        self._endpoints.append(endpoint)
        refused = stand.refused_from
        if stand.place.transport in ("tcp", "tls"):
            secure = tap = None
            if stand.place.transport == "tls":
                assert self._papers is not None  # made for a stage with TLS on it
                secure, tap = self._papers.server(), self._tap
            await endpoint.listen(
                at, lambda source: self._egress_of(source) in refused, secure, tap
            )
        elif refused:
            heard = [socket for socket, name in self._sockets.items() if name not in refused]
            await endpoint.listen_udp(at, heard)
        else:
            await endpoint.listen_udp(at)

    def _egress_of(self, source: Address) -> str:
        """A connection comes from any port of its address; a stranger is told by its address."""
        found = self._sockets.get(source) or self._hosts.get(source[0])
        return found or f"{source[0]}:{source[1]}"
