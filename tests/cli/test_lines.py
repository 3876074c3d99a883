"""Lines of a running server: none is late, none is lost, and many are one write."""

from __future__ import annotations

import asyncio
import io

from sipfo.cli.lines import Lines


class Written(io.StringIO):
    """Standard output that knows its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


def test_the_first_is_written_at_once_and_those_behind_it_together() -> None:
    out = Written()

    async def say() -> None:
        lines = Lines(out)
        for text in ("one", "two", "three"):
            lines.write(text)
        assert out.writes == ["one\n"]
        while len(out.writes) < 2:
            await asyncio.sleep(0)
        lines.close()

    asyncio.run(say())
    assert out.writes == ["one\n", "two\nthree\n"]


def test_what_waits_at_the_end_is_written() -> None:
    out = Written()

    async def say() -> None:
        lines = Lines(out)
        lines.write("one")
        lines.write("two")
        lines.close()
        lines.close()

    asyncio.run(say())
    assert out.writes == ["one\n", "two\n"]
