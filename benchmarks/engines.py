"""The engines that are measured side by side: how each is started, or why it is left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from sipfo.verify.lab.engines.asterisk import environment

HERE: Final = Path(__file__).parent
LOAD: Final = HERE / "load"
ENGINE, ANSWERS, REFUSES, CALLER = (f"127.60.0.{n}" for n in range(10, 14))
SIPPY: Final = Path(sys.prefix) / "sippy"
"""Where benchmarks/install-sippy has put it."""

COMPILED: Final = Path(sys.prefix) / "compiled"
"""Where `make compiled` has put the compiled build, to be found before the other."""

POLICY: Final = """\
sipfo 1
listen udp {engine}:5060
retry standard {{ failover on 503, 408  otherwise stop  no-response 4s }}
route first {{ to sip:{first}:5060 }}
route second {{ to sip:{second}:5060 }}
trunk all {{ numbers any  accept from 127.0.0.0/8  routes sequential {routes}  retry standard }}
"""

Command = tuple[Sequence[str | Path], dict[str, str]]
"""Words, and variables that the program finds besides."""


class NotHere(Exception):
    """An engine that is not installed; says what to do."""


def _runtime(folder: Path, fails_first: bool, workers: int = 1) -> Command:
    policy = folder / "policy.sipfo"
    policy.write_text(_policy(fails_first))
    words = [_sipfo(), "run", policy, "--records", folder / "calls.db"]
    words += ["--metrics", f"{ENGINE}:9060", "--grace", "0"]
    return [*words, *(["--workers", str(workers)] if workers > 1 else [])], {}


def _compiled(folder: Path, fails_first: bool, workers: int = 1) -> Command:
    if not COMPILED.is_dir():
        raise NotHere("make compiled")
    words, _ = _runtime(folder, fails_first, workers)
    return words, {"PYTHONPATH": str(COMPILED)}


def _kamailio(folder: Path, fails_first: bool) -> Command:
    if shutil.which("kamailio") is None:
        raise NotHere("apt-get install kamailio kamailio-extra-modules")
    _compile(folder, fails_first, "kamailio")
    return [folder / "kamailio" / "start", "-DD", "-E"], {}


def _minimum(folder: Path, fails_first: bool) -> Command:
    if shutil.which("kamailio") is None:
        raise NotHere("apt-get install kamailio")
    text = (LOAD / "kamailio-minimum.cfg").read_text()
    config = folder / "kamailio.cfg"
    config.write_text(text.replace("FIRST", REFUSES if fails_first else ANSWERS))
    memory = ["-x", "fm", "-m", "2048", "-M", "32"]
    return ["kamailio", "-f", config, "-DD", "-E", *memory, "-Y", folder, "-w", folder], {}


def _asterisk(folder: Path, fails_first: bool) -> Command:
    place = folder / "asterisk"
    found = environment(folder_made(place))
    if not found and shutil.which("asterisk") is None:
        raise NotHere("make asterisk")
    _compile(folder, fails_first, "asterisk")  # for the files that are not about calls
    found = environment(place)
    for name in ("pjsip", "extensions"):
        text = (LOAD / f"asterisk-{name}.conf").read_text()
        text = text.replace("FIRST", REFUSES if fails_first else ANSWERS)
        (place / f"{name}.conf").write_text(text)
    (place / "logger.conf").write_text("[logfiles]\nmessages.log = warning,error\n")
    return [place / "start", "-f", "-g"], found


def _sippy(folder: Path, fails_first: bool) -> Command:
    if not (SIPPY / "whole").exists():
        raise NotHere("sh benchmarks/install-sippy python3 .venv/sippy")
    routes = f"{REFUSES}:5060,{ANSWERS}:5060" if fails_first else f"{ANSWERS}:5060"
    words = [SIPPY / "bin" / "python", LOAD / "sippy-routes.py", routes]
    words += ["-f", "-l", ENGINE, "-p", "5060", "-u", "-A", "0", "-c", folder / "sippy.sock"]
    # Without this it writes every message to a file, and is slower for it.
    return words, {"SIPLOG_BEND": "none"}


Start = Callable[[Path, bool], Command]

ENGINES: Final[dict[str, Start]] = {
    "sipfo": _runtime,
    "sipfo-compiled": _compiled,
    "sipfo-2-workers": partial(_compiled, workers=2),
    "kamailio": _kamailio,
    "kamailio-minimum": _minimum,
    "asterisk": _asterisk,
    "sippy": _sippy,
}
"""Each with how it is started in a folder, with a first route that fails or without; raises NotHere."""


def folder_made(place: Path) -> Path:
    """A folder that is there."""
    place.mkdir(parents=True, exist_ok=True)
    return place


def versions() -> list[str]:
    """What is measured, in words."""
    whose = " of the system" if sys.base_prefix == "/usr" else ""
    found = [f"Python {sys.version.split()[0]}{whose}"]
    for words in (["kamailio", "-v"], ["sipp", "-v"]):
        if shutil.which(words[0]) is not None:
            said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
            line = next(one for one in said.splitlines() if one.strip())
            found.append(" ".join(line.replace("version:", "").split()[:3]).rstrip(".,"))
    if (SIPPY / "whole").exists():
        found.append("Sippy 2.5.0")
    return found


def _compile(folder: Path, fails_first: bool, target: str) -> None:
    policy = folder / "policy.sipfo"
    policy.write_text(_policy(fails_first))
    words = [_sipfo(), "compile", policy, "--target", target, "-o", folder / target]
    shutil.rmtree(folder / target, ignore_errors=True)
    subprocess.run(words, check=True, capture_output=True, env={**os.environ})


def _sipfo() -> Path:
    return Path(sys.executable).with_name("sipfo")


def _policy(fails_first: bool) -> str:
    return POLICY.format(
        engine=ENGINE,
        first=REFUSES,
        second=ANSWERS,
        routes="first, second" if fails_first else "second",
    )
