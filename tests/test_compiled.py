"""The compiled build: which modules it is of, and that it is what runs when it is meant to."""

from __future__ import annotations

import importlib
import os
import runpy
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
HOOK = TOP / "hatch_build.py"


def hot_files() -> list[str]:
    found: list[str] = runpy.run_path(str(HOOK))["hot_files"]()
    return found


def test_every_module_that_is_to_be_compiled_is_there() -> None:
    assert [name for name in hot_files() if not (TOP / name).is_file()] == []


@pytest.mark.skipif(
    os.environ.get("SIPFO_COMPILED") != "1", reason="these are the uncompiled tests"
)
def test_the_compiled_modules_are_the_ones_under_test() -> None:
    for name in hot_files():
        module = importlib.import_module(".".join(Path(name).with_suffix("").parts[1:]))
        assert module.__file__ is not None
        assert module.__file__.endswith(tuple(EXTENSION_SUFFIXES)), module.__file__
