"""Ways to run the command line: in this process, and as the program that is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from sipfo.cli.main import cli

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
TELNYX = str(EXAMPLES / "telnyx.sipfo")
NUMBER = "+13125550123"

POLICY = """\
sipfo 1
listen udp 192.0.2.10:5060
region us { primary 192.76.120.10  secondary 64.16.250.10 }
retry standard {
    failover on 503, transport-error
    otherwise stop
    no-response 2s
}
route east { to sip:198.51.100.10 }
route west { to sip:198.51.100.20 }
trunk acme {
    numbers +1312555
    accept  from 203.0.113.0/24
    from    us
    routes  sequential east, west
    retry   standard
}
"""
MANY = "".join(f"route r{n} {{ to sip:198.51.100.{n} }}\n" for n in range(30, 61))
TOO_MANY = (
    POLICY.replace(
        "sequential east", f"sequential {', '.join(f'r{n}' for n in range(30, 61))}, east"
    )
    + MANY
)
"""More attempts than Kamailio makes."""
GOOD_TEST = """
test "east is down" {
    call acme to +13125550123
    when east answers 503
    expect us.primary to east 503
    expect us.primary to west 200
    expect answered by west
}
"""
BAD_TEST = GOOD_TEST.replace("to west 200", "to west 486").replace("is down", "is wrong")
UNUSED = "\nroute spare { to sip:198.51.100.30 }\n"
BROKEN = POLICY.replace("routes  sequential east", "routes  sequential esat")


def sipfo(*arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli, list(arguments), prog_name="sipfo")


def program(
    *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sipfo.cli.main", *arguments],
        capture_output=True,
        env=environment,
        check=False,
    )
