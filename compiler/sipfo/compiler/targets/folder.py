"""A target's files into a folder, all of them or none, and nobody else's file overwritten.

What sipfo wrote is listed in the folder's `.sipfo`. What would surprise: files of an earlier compile
that this one has no use for are removed, or an engine would go on reading them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MANIFEST: Final = ".sipfo"

PLAIN: Final = 0o644
SECRET: Final = 0o600
PROGRAM: Final = 0o755


@dataclass(frozen=True, slots=True)
class File:
    """What a file holds, and who may do what with it."""

    text: str
    mode: int = PLAIN


Files = Mapping[str, File]
"""Files by their names in the folder; they are put in place in this order."""


class NotOurs(ValueError):
    """The folder has a file of this name that sipfo did not write."""


def write(folder: Path, files: Files, force: bool = False) -> None:
    """Put files into a folder, which is made if it is not there. Raises NotOurs, unless with
    `force`, and OSError; after both, every file is what it was."""
    before = _listed(folder)
    if not force:
        for name in files:
            if name not in before and (folder / name).exists():
                raise NotOurs(f"{folder / name} was not written by sipfo: move it, or use --force")
    with ExitStack() as undo:
        ready = [
            (_beside(folder / name, file, undo), folder / name) for name, file in files.items()
        ]
        manifest = File("".join(f"{name}\n" for name in files))
        listing = _beside(folder / MANIFEST, manifest, undo)
        for temporary, path in ready:
            temporary.replace(path)
        listing.replace(folder / MANIFEST)
    for name in before - files.keys():
        (folder / name).unlink(missing_ok=True)
    for place in {path.parent for _, path in ready}:
        _sync(place)


def _listed(folder: Path) -> set[str]:
    """The names that the last compile into this folder wrote."""
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return set()
    return {line for line in lines if line and not Path(line).is_absolute() and ".." not in line}


def _beside(path: Path, file: File, undo: ExitStack) -> Path:
    """The content under another name in the same folder, on disk; removed if it is not put in
    place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    undo.callback(temporary.unlink, missing_ok=True)
    # A secret may be any bytes: what is no UTF-8 comes as surrogates, and leaves as it was.
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as out:
        out.write(file.text)
        out.flush()
        os.fchmod(out.fileno(), file.mode)
        os.fsync(out.fileno())
    return temporary


def _sync(folder: Path) -> None:
    """A rename survives a power cut once its folder is on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
