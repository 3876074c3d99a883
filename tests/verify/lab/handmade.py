"""A small Kamailio configuration made by hand for the tests of the lab, which need an engine that is
not ours: serial failover over UDP and TCP by status code, and a round robin.

It knows no cause, tag, commit point or deadline, and cannot tell a 100 from ringing.
"""

from __future__ import annotations

from collections.abc import Mapping

from sipfo.plan.model import Plan, Timer
from sipfo.plan.order import Order, Step, turn
from sipfo.plan.outcome import Judge, responded, timed_out
from sipfo.runtime.sip.parameters import encode_host
from sipfo.verify.lab.engines.kamailio import Kamailio
from sipfo.verify.targets import place_of

_HEAD = """\
#!KAMAILIO
debug=0
log_stderror=yes
children=2
auto_aliases=no
dns=no
rev_dns=no
{listen}
loadmodule "ctl.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
modparam("ctl", "binrpc", "unix:./kamailio.sock")
modparam("tm", "fr_timer", {no_response})
modparam("tm", "fr_inv_timer", {no_answer})
modparam("pv", "shvset", "turn=i:0")

request_route {{
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{ loose_route(); t_relay(); exit; }}
    if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
    if (!t_newtran()) exit;
    t_set_disable_internal_reply("1");
    record_route();
    $avp(number) = $rU;
    $avp(step) = {steps} * ($shv(turn) mod {turns});
    $avp(end) = $avp(step) + {steps};
    $shv(turn) = $shv(turn) + 1;
    route(NEXT);
}}

route[NEXT] {{
    while ($avp(step) < $avp(end)) {{
        t_on_failure("FAILED");
        switch ($avp(step)) {{
{cases}
        }}
        $avp(step) = $avp(step) + 1;
        if (t_relay()) exit;
    }}
    {last}
    exit;
}}

failure_route[FAILED] {{
    if (t_is_canceled() || $avp(step) >= $avp(end)) exit;
    if ({goes_on}) route(NEXT);
}}
"""

_TIMERS: dict[Timer, str] = {"no-response": "!", "no-answer": ""}


def render(plan: Plan, secrets: Mapping[str, str]) -> Mapping[str, str]:
    """The configuration of a plan's first trunk."""
    trunk = plan.trunks[0]
    retry = next(one for one in plan.retries if one.name == trunk.retry)
    turns = len(trunk.routes) if trunk.method == "round-robin" else 1
    order = Order(plan)
    every = [order.steps(trunk, "", turn(trunk, before)) for before in range(turns)]
    egress = {one.name: (one.host, one.port) for one in plan.egress}
    sockets = dict.fromkeys([*((one.host, one.port) for one in plan.listen), *egress.values()])
    judge = Judge(retry)
    goes_on = [
        f"$T_reply_code == {code} && !t_branch_timeout()"
        for code in range(300, 700)
        if judge.verdict(responded(code)) == "failover"
    ]
    for timer, heard in _TIMERS.items():
        if judge.verdict(timed_out(timer)) == "failover":
            goes_on.append(f"t_branch_timeout() && {heard}t_branch_replied()")
    config = _HEAD.format(
        listen="\n".join(
            f"listen={transport}:{encode_host(*one)}"
            for one in sockets
            for transport in ("udp", "tcp")
        ),
        no_response=round(retry.no_response * 1000),
        no_answer=round(retry.no_answer * 1000),
        steps=len(every[0]),
        turns=turns,
        cases="\n".join(
            _case(number, step, egress[step.egress])
            for number, step in enumerate(step for steps in every for step in steps)
        ),
        last='t_reply("500", "Server Internal Error");',
        goes_on=" || ".join(f"({one})" for one in goes_on) or "0",
    )
    return {"kamailio.cfg": config}


def _case(number: int, step: Step, egress: tuple[str, int]) -> str:
    place = place_of(step.destinations[0])
    where = encode_host(place.host, place.port)
    user = f'"{step.number}"' if step.carrier else "$avp(number)"
    diverted = (
        f'append_hf("Diversion: <sip:$avp(number)@{egress[0]}>;reason=unavailable\\r\\n");'
        if step.carrier
        else ""
    )
    return (
        f'            case {number}: $rU = {user}; $rd = "{place.host}"; $rp = {place.port};'
        f' $du = "sip:{where};transport={place.transport}";'
        f' $fs = "{place.transport}:{encode_host(*egress)}"; {diverted} break;'
    )


ENGINE = Kamailio(render)
BROKEN = Kamailio(lambda plan, secrets: {"kamailio.cfg": "request_route { what }\n"})
