"""The examples of docs/api.md, sent to a running sipfo in their order: it answers what is shown."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

from cli.serving import Served
from sipp.addresses import Block

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"```http\n(\w+) (\S+)\n(.*?)```\n+```json\n(.*?)```", re.DOTALL)


def test_the_page_shows_what_is_answered(tmp_path: Path) -> None:
    block = Block()
    server = Served(tmp_path, block)
    example = ROOT / "examples" / "first.sipfo"
    server.policy.write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    try:
        server.serve()
        examples = EXAMPLE.findall(PAGE)
        assert len(examples) == PAGE.count("```http\n") == PAGE.count("```json\n")
        for method, path, body, shown in examples:
            _, found, _ = server.ask_api(method, path, body.strip().encode() or None)
            assert found == json.loads(shown), path
    finally:
        for process in server.started:
            process.signal(signal.SIGKILL)
            process.kill()
        block.release()
