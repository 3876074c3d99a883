"""Jobs on standard input, what became of them on standard output; each job in its own namespace.

    python -m sipfo.verify.lab.space.supervisor

One process has read all the modules; every job is a fork of it, so that a namespace costs
milliseconds. What would surprise: nothing here is asynchronous, because it forks.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import sys
from typing import Final

from sipfo.verify.lab.season import play_all
from sipfo.verify.lab.space import system
from sipfo.verify.lab.space.enter import NoNamespace, become_root, run_inside
from sipfo.verify.lab.space.job import READY, Job, Played, failures

AT_ONCE: Final = 16
"""Most namespaces at a time."""

_CHUNK: Final = 65536


class _Worker:
    """A job under way: its process, and what it has said so far."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.left = set(range(len(job.scenarios)))
        read, write = os.pipe()
        self.pipe = read
        self._said = b""

        def work() -> int:
            os.close(read)
            return asyncio.run(_play(job, write))

        self._process = run_inside(work)
        os.close(write)

    def hear(self) -> list[bytes] | None:
        """Whole lines that have come; None when there are no more."""
        data = os.read(self.pipe, _CHUNK)
        *lines, self._said = (self._said + data).split(b"\n")
        self.left -= {Played.read(line).place for line in lines}
        return lines if data else None

    def end(self) -> list[Played]:
        """See the process off; failures for what it did not get to."""
        os.close(self.pipe)
        _, status = os.waitpid(self._process, 0)
        code = os.waitstatus_to_exitcode(status)
        return failures(self.job, sorted(self.left), f"the process of the play ended with {code}")


async def _play(job: Job, pipe: int) -> int:
    async for played in play_all(job):
        os.write(pipe, f"{played.write()}\n".encode())
    return 0


def main() -> int:
    """Serve until standard input ends and the last job is over."""
    system.die_with_parent(os.getppid())
    try:
        become_root()
    except NoNamespace as error:
        print(error.strerror, flush=True)
        return 2
    system.die_with_parent(os.getppid())  # becoming root has undone it (prctl(2))
    print(READY, flush=True)
    waiting: list[Job] = []
    asked = b""
    more = True
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        under_way: dict[int, _Worker] = {}
        while more or waiting or under_way:
            while waiting and len(under_way) < AT_ONCE:
                worker = _Worker(waiting.pop(0))
                under_way[worker.pipe] = worker
                selector.register(worker.pipe, selectors.EVENT_READ)
            for key, _ in selector.select():
                if key.fd == 0:
                    data = os.read(0, _CHUNK)
                    *lines, asked = (asked + data).split(b"\n")
                    waiting += [Job.read(line) for line in lines]
                    if not data:
                        selector.unregister(0)
                        more = False
                    continue
                worker = under_way[key.fd]
                heard = worker.hear()
                if heard is None:
                    selector.unregister(worker.pipe)
                    del under_way[worker.pipe]
                    heard = [one.write().encode() for one in worker.end()]
                for line in heard:
                    sys.stdout.buffer.write(line + b"\n")
                sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
