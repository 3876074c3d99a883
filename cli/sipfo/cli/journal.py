"""What was changed over the API, on disk: the changes in one file, and who made them in another.

Both stand beside the policy. The first is replaced whole and is what a restart goes by; the second
only grows, a line of JSON for each change. What would surprise: a change is on disk before it is in
force, so that nothing that somebody was told is ever lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from sipfo.cli.reading import Unusable
from sipfo.cli.writing import write_whole
from sipfo.plan.change import Changes

CHANGES: Final = ".changes"
AUDIT: Final = ".audit"
MODE: Final = 0o640


class Journal:
    """The two files of one policy."""

    def __init__(self, policy: str, path: Path | None = None) -> None:
        """`path` is where the changes are; without it, beside the policy."""
        self.path = path or Path(policy + CHANGES)
        self.audit_path = self.path.with_name(self.path.name.removesuffix(CHANGES) + AUDIT)

    def read(self) -> Changes:
        """What is changed; nothing, where there is no file. Raises Unusable."""
        try:
            return Changes.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return Changes()
        except OSError as error:
            raise Unusable(f"cannot read {self.path}: {error.strerror or error}") from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "it"
            raise Unusable(
                f"{self.path} does not hold changes of a policy: {place}: {first['msg']}\n"
                "move it away to go by the policy alone"
            ) from None

    def write(self, changes: Changes) -> None:
        """Keep these, and no others. Raises Unusable; blocks until they are on disk."""
        write_whole(self.path, changes.model_dump_json(indent=2, exclude_none=True) + "\n")

    def note(self, entry: Mapping[str, object]) -> None:
        """One more line of who did what. Raises Unusable; blocks until it is on disk."""
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            descriptor = os.open(self.audit_path, flags, MODE)
            try:
                os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            reason = error.strerror or error
            raise Unusable(f"cannot write {self.audit_path}: {reason}") from None
