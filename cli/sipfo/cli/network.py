"""The options about names and certificates that every command has which talks to the network."""

from __future__ import annotations

from ipaddress import ip_address

import click

from sipfo.runtime.wire.certificate import PemFiles


def _nameservers(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> list[tuple[str, int]]:
    servers = []
    for text in value:
        host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "53")
        try:
            servers.append((str(ip_address(host)), int(port)))
        except ValueError:
            raise click.BadParameter(f"`{text}`: write 192.0.2.53 or 192.0.2.53:5353") from None
    return servers


def _pem_files(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> PemFiles | None:
    if value is None:
        return None
    certificate, _, key = value.partition(",")
    return PemFiles(certificate, key or None)


DNS = click.option(
    "--dns",
    multiple=True,
    metavar="HOST[:PORT]",
    callback=_nameservers,
    help="Ask this nameserver instead of the system's. Repeatable.",
)
RESOLVER = click.option(
    "--resolver",
    multiple=True,
    metavar="HOST[:PORT]",
    callback=_nameservers,
    help="Ask this nameserver instead of the system's. Repeatable.",
)
CA = click.option(
    "--ca",
    metavar="FILE",
    help="Believe these authorities' certificates of TLS targets, instead of the system's.",
)
TLS_CLIENT = click.option(
    "--tls-client",
    "shown",
    metavar="CERT[,KEY]",
    callback=_pem_files,
    help="Show this certificate to TLS targets that ask for one.",
)
