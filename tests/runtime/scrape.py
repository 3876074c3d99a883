"""A reader of Prometheus' text format 0.0.4, strict where the format is: what is not in its
grammar fails the test that reads it."""

from __future__ import annotations

import re

Line = tuple[str, dict[str, str], float]

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
_VALUE = r"[-+]?(?:[0-9]+(?:\.[0-9]+)?(?:e[-+][0-9]+)?|Inf)|NaN"
_HELP = re.compile(rf"# HELP ({_NAME}) (?:[^\\\n]|\\\\|\\n)*")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|histogram)")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{((?:{_LABEL})(?:,{_LABEL})*)\}})? ({_VALUE})")
_ONE_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
_ESCAPE = re.compile(r"\\(.)")


def scrape(text: bytes) -> list[Line]:
    """Every sample: name, labels, value. Each family's lines are together, HELP and TYPE first,
    and none is there twice."""
    assert text.endswith(b"\n")
    found: list[Line] = []
    seen: set[str] = set()
    family, kind = "", ""
    for line in text.decode("utf-8")[:-1].split("\n"):
        if line.startswith("# HELP"):
            match = _HELP.fullmatch(line)
            assert match is not None, line
            family = match[1]
            assert family not in seen, f"{family} is there twice"
            seen.add(family)
        elif line.startswith("#"):
            match = _TYPE.fullmatch(line)
            assert match is not None and match[1] == family, line
            kind = match[2]
            assert (kind == "counter") == family.endswith("_total"), line
        else:
            found.append(_sample(line, family, kind))
    keys = [(name, tuple(sorted(labels.items()))) for name, labels, _ in found]
    assert len(set(keys)) == len(keys)
    return found


def families(text: bytes) -> set[str]:
    """The names of all metrics, those without samples too."""
    return {line.split(" ")[2] for line in text.decode().split("\n") if line.startswith("# TYPE")}


def value(text: bytes, name: str, **labels: str) -> float:
    """The value of one sample."""
    return next(found for one, of, found in scrape(text) if (one, of) == (name, labels))


def _sample(line: str, family: str, kind: str) -> Line:
    match = _SAMPLE.fullmatch(line)
    assert match is not None, line
    suffix = match[1].removeprefix(family)
    assert suffix in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",)), line
    labels = {one[1]: _unescaped(one[2]) for one in _ONE_LABEL.finditer(match[2] or "")}
    assert ("le" in labels) == (suffix == "_bucket")
    return match[1], labels, float(match[3])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], text)
