"""A target's files into a folder, all of them or none, and nobody else's file overwritten.

What sipfo wrote is listed in the folder's `.sipfo`. What would surprise: files of an earlier compile
that this one has no use for are removed, or an engine would go on reading them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
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
            if name not in before and _is_there(folder / name):
                raise NotOurs(f"{folder / name} was not written by sipfo: move it, or use --force")
    with ExitStack() as undo:
        ready = [
            (_beside(folder / name, file, undo), folder / name) for name, file in files.items()
        ]
        manifest = File("".join(f"{name}\n" for name in files))
        ready.append((_beside(folder / MANIFEST, manifest, undo), folder / MANIFEST))
        with ExitStack() as back:
            for temporary, path in ready:
                take_back = _second_name(path, undo)
                temporary.replace(path)
                back.callback(take_back)
            back.pop_all()  # every file is in place
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


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _second_name(path: Path, undo: ExitStack) -> Callable[[], object]:
    """What puts a file back as it is now, once another one has taken its name."""
    if not _is_there(path):
        return lambda: path.unlink(missing_ok=True)
    aside = tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.")
    kept = Path(undo.enter_context(aside)) / path.name
    try:
        os.link(path, kept, follow_symlinks=False)
    except OSError:  # a file system without links
        shutil.copy2(path, kept, follow_symlinks=False)
    return lambda: kept.replace(path)


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
