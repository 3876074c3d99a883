"""sipfo between telephones: the bench of the SIPp tests, with baresip at both ends."""

from __future__ import annotations

import json
from operator import itemgetter
from pathlib import Path

from baresip.phone import Phone
from runtime.wire.papers import Authority
from sipp.harness import Bench

HERE = Path(__file__).parent


class Exchange:
    """One test's telephones, and sipfo between them."""

    def __init__(self, bench: Bench) -> None:
        """Use `phone` and `sipfo`; `close` in any case."""
        self.bench = bench
        self._authority = Authority(bench.folder)
        self._phones: list[Phone] = []
        self._book = bench.folder / "calls.jsonl"

    def sipfo(self, policy: str, *options: str, **words: str) -> None:
        """Serve a policy of this folder, and wait until it listens."""
        ours = self._authority.issue("sipfo", "DNS:sipfo.example")
        assert ours.key is not None
        words |= {"certificate": ours.certificate, "key": ours.key}
        file = HERE / "policies" / f"{policy}.sipfo"
        kept = (
            f"--ca={self._authority.file}",
            f"--records={self._book}",
            f"--pcap={self.bench.seen}",
        )
        process = self.bench.sipfo(file, *kept, *options, **words)
        process.says(b"  ready  ")

    def phone(self, name: str, user: str, login: str = "") -> Phone:
        """A telephone at the address of a party."""
        made = Phone(self.bench, name, user, self._authority, login)
        self._phones.append(made)
        return made

    def finish(self) -> None:
        """End sipfo, and hold what it said to the telephones against the rules."""
        self.bench.finish()
        self.bench.judge()

    @property
    def records(self) -> list[dict[str, object]]:
        """The last record of each call, in order of their beginning; whole after `finish`."""
        lines = self._book.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return sorted({row["call"]: row for row in rows}.values(), key=itemgetter("began"))

    def close(self) -> None:
        """Let go of the telephones."""
        for one in self._phones:
            one.close()
