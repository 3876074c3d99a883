"""Sippy's B2BUA as it comes, with more than one static route: it has that from RADIUS alone.

    .venv/sippy/bin/python benchmarks/load/sippy-routes.py HOST:PORT[,HOST:PORT] OPTION…

The first route is its own option `-s`; the others are put behind it as RADIUS would, and tried in
their order. Everything else is Sippy's own code and options.
"""

from __future__ import annotations

import sys

from sippy import b2bua

places = sys.argv.pop(1).split(",")
own = b2bua.CallController.placeOriginate


def place(call: b2bua.CallController, route: b2bua.B2BRoute) -> None:
    if not hasattr(call, "routes_are_known"):
        call.routes_are_known = True
        for number, one in enumerate(places[1:], 2):
            more = b2bua.B2BRoute(one)
            more.customize(number, call.cld, call.cli, None, call.pass_headers, None)
            call.routes.append(more)
    own(call, route)


b2bua.CallController.placeOriginate = place
sys.argv += ["-s", places[0]]
b2bua.main_func()
