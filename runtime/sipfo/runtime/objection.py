"""Why an INVITE cannot start a call, whoever sent it and whatever it is for."""

from __future__ import annotations

from sipfo.runtime.admission import Refused
from sipfo.runtime.call import hops_left
from sipfo.runtime.came_back import came_back
from sipfo.runtime.core import Core
from sipfo.runtime.dialogname import carry_replaces
from sipfo.runtime.directory import Directory
from sipfo.runtime.emergency import called_user
from sipfo.runtime.headers import unsupported_tags
from sipfo.runtime.privacy import cannot_be_given
from sipfo.runtime.sip.dialog import way_back
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request


def objection(
    request: Request,
    flow: Flow,
    core: Core,
    directory: Directory,
    closed: str,
    is_merged: bool,
) -> Refused | None:
    """What speaks against an INVITE, None if nothing does; `closed` says why no calls are
    taken, `is_merged` that the same one is under way already. A dialog that its Replaces names becomes one of the target's."""
    try:
        _ = called_user(request)
        # Contact and Record-Route lead back to the caller.
        _, _, secure = way_back(request)
        replaces = carry_replaces(request, directory)
    except Malformed as error:
        return Refused(error.status, error.reason)
    if closed:
        return Refused(503, closed)
    if secure and flow.transport != "tls" and flow.local[0] not in core.tls_ports:
        return Refused(480, "sips: where nothing listens on TLS (RFC 5630 §5.1.2)")
    if hops_left(request) < 0:
        return Refused(483, "Max-Forwards used up")
    if unsupported_tags(request):
        return Refused(420, "requires an extension that does not cross")
    if is_merged:
        return Refused(482, "merged: the same request came by another path (§8.2.2.2)")
    if came_back(request, core.transactions):
        return Refused(482, "loop: an INVITE of ours came back (§16.3)")
    critical = cannot_be_given(request.headers)
    if critical:  # RFC 3323 §5
        return Refused(500, f"critical privacy: {critical.decode('ascii', 'replace')}")
    if not replaces:
        return Refused(481, "Replaces names no call of ours")
    return None
