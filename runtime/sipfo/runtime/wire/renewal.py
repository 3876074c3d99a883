"""The certificates of one server: which address shows which, and their renewal while it runs.

Each is loaded once however many addresses show it. What would surprise: an egress address has no
certificate in the plan; it shows that of the first `listen tls`, to whoever sends a later request
of a call there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sipfo.plan.model import Plan
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.wire.certificate import Believed, PemFiles, Shown, Trust, UnusableCertificate
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.tcp import Address


class Renewal:
    """What is shown and believed, as it stands in the files."""

    def __init__(self, trust: Trust) -> None:
        """Raises UnusableCertificate."""
        self.shown: dict[Address, Shown] = {}
        self.believed = Believed(trust)
        self._loaded: dict[PemFiles, Shown] = {}

    def load(self, plan: Plan, tls_port: Callable[[str], int]) -> dict[Address, Shown]:
        """What each address of a plan will show; nobody is shown it yet. Raises CannotListen."""
        found: dict[Address, Shown] = {}
        for listen in plan.listen:
            if listen.certificate is not None:
                files = PemFiles(listen.certificate, listen.key)
                try:
                    found[listen.host, listen.port] = self._loaded.get(files) or Shown(files)
                except UnusableCertificate as error:
                    where = encode_host(listen.host, listen.port)
                    raise CannotListen(f"cannot listen on tls {where}: {error}") from None
        first = next(iter(found.values()), None)
        if first is not None:
            for place in plan.egress:
                found.setdefault((place.host, tls_port(place.host)), first)
        return found

    def show(self, loaded: Mapping[Address, Shown]) -> None:
        """Show these from now on; an address that is not among them goes on as it did."""
        self.shown.update(loaded)
        self._loaded = {one.files: one for one in self.shown.values()}

    def renew(self, only_changed: bool) -> Iterator[str]:
        """Take what is in the files now; what came of it in words, for each that was looked at."""
        for shown in self._loaded.values():
            if shown.changed or not only_changed:
                yield _renewed(shown, shown.files.certificate)
        if self.believed.changed or not only_changed:
            yield _renewed(self.believed, "certificates toward targets")


def _renewed(one: Shown | Believed, what: str) -> str:
    try:
        one.reload()
    except UnusableCertificate as error:
        return f"the old certificate stays in use: {error}"
    return f"{what}: taken anew"
