"""The certificates of one server: which address shows which, and their renewal while it runs.

Each is loaded once however many addresses show it. What would surprise: an egress address has no
certificate in the plan; it shows that of the first `listen tls`, to whoever sends a later request
of a call there.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.runtime.wire.certificate import Believed, PemFiles, Shown, Trust, UnusableCertificate
from sipfo.runtime.wire.tcp import Address


class Renewal:
    """What is shown and believed, as it stands in the files."""

    def __init__(self, trust: Trust) -> None:
        """Raises UnusableCertificate."""
        self.shown: dict[Address, Shown] = {}
        self.believed = Believed(trust)
        self._loaded: dict[PemFiles, Shown] = {}

    def show(self, files: PemFiles, address: Address) -> None:
        """Have an address show a certificate. Raises UnusableCertificate."""
        if files not in self._loaded:
            self._loaded[files] = Shown(files)
        self.shown[address] = self._loaded[files]

    def cover(self, address: Address) -> bool:
        """Have an address show a certificate too; False if there is none to show."""
        first = next(iter(self.shown.values()), None)
        if first is not None:
            self.shown.setdefault(address, first)
        return first is not None

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
