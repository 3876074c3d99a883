"""`sipfo run --api` as a process, and a client of it."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from cli.running import Running
from sipp.addresses import Block

POLICY = """\
sipfo 1
listen udp 192.0.2.10:5060
retry standard {
    failover on 503, transport-error
    otherwise stop
    no-response 2s
}
route east { to sip:198.51.100.1 }
route west { to sip:198.51.100.2 }
carrier northstar { to sip:198.51.100.3 }
trunk acme {
    numbers +13125550100 .. +13125550199
    accept  from 203.0.113.0/24
    routes  sequential east, west       # in this order
    retry   standard
    on failure forward to +13125550000 via northstar
}
trunk plain {
    numbers +1872
    accept  from 203.0.113.0/24
    routes  weighted east 70, west 30
    retry   standard
    limit   100 calls
}
"""

SEED = {
    "default_routing_method": "sequential",
    "call_forwarding": {"forwarding_type": "on_failure"},
}
"""The body of the provider's own example."""


class Served(Running):
    """A server with the API, and what a client says to it."""

    def __init__(self, folder: Path, block: Block) -> None:
        super().__init__(folder, block)
        self.policy.write_text(POLICY, encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return (self.folder / "policy.sipfo.token").read_text(encoding="ascii").strip()

    @property
    def audit(self) -> list[dict[str, Any]]:
        path = self.folder / "policy.sipfo.audit"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def serve(self, *more: str) -> None:
        """Start it."""
        self.run("--api", f"127.0.0.1:{self.port}", *more)

    def ask_api(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """The status, the body as JSON and the header fields of a response."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        around = {"authorization": f"Bearer {self.token}"}
        if data is not None:
            around["content-type"] = "application/json"
        around |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, data, around)
            response = connection.getresponse()
            text = response.read()
            is_json = response.headers["content-type"] == "application/json"
            found = json.loads(text) if text and is_json else text.decode()
            return response.status, found, {k.lower(): v for k, v in response.headers.items()}
        finally:
            connection.close()

    def patch(self, body: object, path: str = "/v2/ip_connections/acme", **headers: str) -> Any:
        """A PATCH that is done, and what it answers."""
        status, found, _ = self.ask_api("PATCH", path, body, **headers)
        assert status == 200, found
        return found["data"]

    def refused(
        self, status: int, method: str, path: str, body: object = None, **headers: str
    ) -> Any:
        """A request that is not done: the first error."""
        found, errors, _ = self.ask_api(method, path, body, **headers)
        assert found == status, errors
        return errors["errors"][0]
