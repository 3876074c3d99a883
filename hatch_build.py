"""The hot modules compiled, as an option: `SIPFO_MYPYC=1 pip install .` (docs/performance.md).

The same typed source is the input of Python and of mypyc, so there is nothing to keep in step.
Without the variable the wheel is pure Python, as it is for whoever has no C compiler.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WISH = "SIPFO_MYPYC"
"""1, or the optimisation level of the C compiler as in O0: that is faster to build, for tests."""

HOT = {
    "plan/sipfo/plan": "action ahead best choice event hunt numbering order outcome rates",
    "runtime/sipfo/runtime": (
        "admission answer attempt call callname came_back challenges columns commons core directory"
        " disabled diversion emergency engine graves headers health holds inbound inherited intake invite"
        " leg login loops mapping metrics objection outgoing oversize placement privacy quotas reach relay"
        " reliable row sessiontimer setup standing stateless steering tally tenure ways"
    ),
    "runtime/sipfo/runtime/sip": (
        "address build cseq dialog framing headers malformed message names parameters remembered"
        " repeater timer uri via"
    ),
    "runtime/sipfo/runtime/sip/transaction": (
        "client invite_client invite_server layer machine server user values"
    ),
    "runtime/sipfo/runtime/wire": "entropy traffic udp",
}
"""What a call passes through, by folder."""


def hot_files() -> list[str]:
    """The modules to compile, from the top of the repository."""
    return [f"{folder}/{name}.py" for folder, names in HOT.items() for name in names.split()]


class CompiledBuild(BuildHookInterface[Any]):
    """Hatchling's `custom` hook."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What a compiled build needs besides; nothing, if none is wished for."""
        return ["mypy[mypyc]>=1.13", "pydantic>=2.9"] if _level() is not None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and put what came of it beside the sources in the wheel."""
        level = _level()
        if level is None or self.target_name != "wheel":
            return
        if version == "editable":
            sys.exit(f"an editable install is not compiled: unset {WISH}, or leave out -e")
        self._folder = tempfile.mkdtemp(prefix="sipfo-mypyc-")
        built = _build(Path(self.root), Path(self._folder), level)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update({str(path): name for name, path in built.items()})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the compiler left."""
        shutil.rmtree(getattr(self, "_folder", ""), ignore_errors=True)


def _level() -> str | None:
    wish = os.environ.get(WISH, "")
    if wish in ("", "0"):
        return None
    if wish == "1":
        return "2"
    if wish in ("O0", "O1", "O2", "O3"):
        return wish[1]
    sys.exit(f"{WISH}={wish}: write 1, or O0 to O3")


def _build(root: Path, folder: Path, level: str) -> dict[str, Path]:
    """The extension modules, by their place in the wheel."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    os.chdir(root)  # mypy reads the project's own settings
    modules = mypycify(
        hot_files(),
        opt_level=level,
        debug_level="0",
        multi_file=True,
        group_name="sipfo",
        target_dir=str(folder / "c"),
    )
    command = build_ext(Distribution({"name": "sipfo", "ext_modules": modules}))
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.ensure_finalized()
    _in_parallel(command)
    command.run()
    library = folder / "lib"
    return {str(one.relative_to(library)): one for one in library.rglob("*.so")}


def _in_parallel(command: Any) -> None:
    """Have the C files compiled on every core: setuptools takes those of one module in turn."""
    build = command.build_extensions

    def build_extensions() -> None:
        compile_all = command.compiler.compile

        def compile_each(sources: list[str], *arguments: Any, **options: Any) -> list[str]:
            with ThreadPoolExecutor(os.cpu_count()) as workers:
                each = [
                    workers.submit(compile_all, [one], *arguments, **options) for one in sources
                ]
                return [name for one in each for name in one.result()]

        command.compiler.compile = compile_each
        build()

    command.build_extensions = build_extensions
