"""`start` and `reload`: a new compile into the folder of a running Kamailio is what new
calls go by, calls that are up go on, and what cannot be read changes nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from compiler.targets.kamailio.live import (
    Live,
    Party,
    answer,
    header,
    inside,
    put,
    request,
    running,
)
from compiler.targets.kamailio.test_calls import SECOND, acknowledged, status
from compiler.targets.kamailio.test_strangers import CALLED, CALLER, DOOR, PBX, placed, routes
from sipfo.compiler.targets.folder import write
from sipfo.compiler.targets.kamailio.emit import render
from sipfo.plan.model import Accept, Carrier, NumberPrefix, NumberRange, Plan
from verify.seed import RETRY, plan

PLAN = plan(carriers=("north",))


def with_trunk(base: Plan, **changes: object) -> Plan:
    """The plan with another trunk."""
    return base.model_copy(update={"trunks": (base.trunks[0].model_copy(update=changes),)})


def reload(live: Live) -> tuple[int, str]:
    """What the folder's `reload` says."""
    done = subprocess.run([live.folder / "reload"], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def replaced(live: Live, drawn: Plan) -> tuple[int, str]:
    """A new compile into the folder, then `reload`."""
    put(drawn)
    return reload(live)


def refusal(caller: Party, number: str, name: str) -> str:
    """How a call to a number ends that nobody answers."""
    uri = f"sip:{number}@192.0.2.10"
    caller.send(request("INVITE", uri, caller, call=name, branch=name), DOOR)
    told = caller.hear_final()
    if told is not None:
        caller.send(acknowledged(told, uri, caller, name), DOOR)
    return status(told)


def test_new_calls_go_by_the_new_data_and_calls_that_are_up_go_on() -> None:
    slow = RETRY.model_copy(update={"no_response": 30.0, "otherwise": "failover"})
    first = with_trunk(
        plan(carriers=("north",), retry=slow), numbers=(NumberPrefix(prefix="+1312"),)
    )
    quick = slow.model_copy(update={"no_response": 0.3})
    second = with_trunk(
        plan(carriers=("south",), retry=quick),
        numbers=(NumberPrefix(prefix="+44"),),
        accept=Accept(networks=("203.0.113.99/32",)),
    ).model_copy(
        update={
            "routes": (
                plan().routes[0].model_copy(update={"destinations": (f"sip:{SECOND}",)}),
                plan().routes[1].model_copy(update={"destinations": ("sip:198.51.100.77",)}),
            ),
            "carriers": (Carrier(name="south", destination="sip:203.0.113.50"),),
        }
    )

    def work() -> object:
        with running(first) as live:
            caller, pbx, other, third = map(Party, (CALLER, PBX, SECOND, "198.51.100.77"))
            found: dict[str, object] = {}
            _, answered = placed(caller, pbx)
            found["said"] = replaced(live, second)
            # who may call has changed, and to which numbers
            found["old caller"] = refusal(caller, "+441", "a")
            new = Party("203.0.113.99")
            found["old number"] = refusal(new, "+13125550123", "b")
            # routes and the timer: the first is silent, and after 0.3 s it is the second's turn
            uri = "sip:+4420@192.0.2.10"
            new.send(request("INVITE", uri, new, call="c", branch="c"), DOOR)
            found["new route"] = header(other.hear() or "", "Call-ID")
            heard = third.hear(1.0) or ""
            found["timer"] = heard.split(" ")[1]
            third.send(answer(heard, "486 Busy Here", third), third.heard_from)
            found["end"] = status(new.hear_final())
            # the call that was up before
            contact = f"sip:callee@{PBX}:5060"
            bye = request("BYE", contact, caller, branch="bye", to="callee", lines=routes(answered))
            caller.send(bye, DOOR)
            while (heard := pbx.hear() or "") and not heard.startswith("BYE"):
                continue
            pbx.send(answer(heard, "200 OK", pbx), pbx.heard_from)
            found["bye"] = status(caller.hear_final())
            return found

    first_names = {one.name for one in first.trunks}
    assert first_names == {one.name for one in second.trunks}
    assert inside(work) == {
        "said": [0, ""],
        "old caller": "403",
        "old number": "404",
        "new route": ["c"],
        "timer": "sip:+4420@198.51.100.77",
        "end": "486",
        "bye": "200",
    }


def test_a_call_that_is_being_placed_keeps_its_way() -> None:
    """The routes change places meanwhile: nobody is asked twice, and nobody left out."""
    retry = RETRY.model_copy(update={"no_response": 1.0, "otherwise": "failover"})
    before = plan(carriers=("north",), retry=retry)
    after = with_trunk(
        before, routes=("pbx-west", "pbx-east"), egress=("us.secondary", "us.primary")
    )

    def work() -> object:
        with running(before) as live:
            caller, pbx, other = map(Party, (CALLER, PBX, SECOND))
            caller.send(request("INVITE", CALLED, caller), DOOR)
            assert pbx.hear() is not None
            said = replaced(live, after)
            heard = other.hear() or ""
            there = other.heard_from[0]
            other.send(answer(heard, "486 Busy Here", other), other.heard_from)
            return said, there, status(caller.hear_final())

    assert inside(work) == [[0, ""], "192.76.120.10", "486"]


def test_each_of_many_reloads_in_one_second_counts() -> None:
    """A file's time has whole seconds only, to Kamailio."""
    drawn = [
        with_trunk(PLAN, deadline=1.0 + place, numbers=(NumberPrefix(prefix=f"+{place}1"),))
        for place in range(5)
    ]

    def work() -> object:
        found = []
        with running(drawn[0]) as live:
            for one in drawn[1:]:
                code, _ = replaced(live, one)
                prefixes = re.findall(r"tprefix: (\d+)", live.rpc("mtree.list", "prefix"))
                found.append([code, live.table("trunk")["acme:deadline"], prefixes])
        return found

    assert inside(work) == [[0, 1000 * place + 1000, [f"{place}1"]] for place in range(1, 5)]


@pytest.mark.parametrize(
    ("name", "text", "table"),
    [
        ("trunk", "no table at all\n", "trunk"),
        ("trunk", "", "trunk"),
        ("destination", None, "destination"),
        (
            "prefix",
            "id(int,auto) tprefix(string) tvalue(string) source(string)\n1|1x|acme|-\n",
            "prefix",
        ),
        ("address.list", "1 203.0.113.0 24 0 acme\nallow all\n", "address.list:2"),
    ],
)
def test_a_broken_table_is_said_and_leaves_the_old_data_in_force(
    name: str, text: str | None, table: str
) -> None:
    def work() -> object:
        with running(PLAN) as live:
            file = live.folder / "data" / name
            before = (
                live.table("trunk"),
                live.table("destination"),
                live.rpc("mtree.list", "prefix"),
            )
            file.unlink()
            if text is not None:
                file.write_text(text)
            code, said = reload(live)
            after = (
                live.table("trunk"),
                live.table("destination"),
                live.rpc("mtree.list", "prefix"),
            )
            caller, pbx = Party(CALLER), Party(PBX)
            placed(caller, pbx)  # it goes on as before
            return code, said, before == after

    code, said, same = inside(work)
    assert code == 1
    assert said.startswith("reload: ")
    assert table.partition(":")[0] in said
    assert same


def test_a_configuration_that_does_not_run_yet_is_said_and_nothing_is_read() -> None:
    def work() -> object:
        with running(PLAN) as live:
            before = live.table("trunk")
            retry = RETRY.model_copy(update={"rules": RETRY.rules[1:]})
            code, said = replaced(live, plan(carriers=("north",), retry=retry, deadline=5.0))
            return code, said, live.table("trunk") == before

    code, said, same = inside(work)
    assert (code, same) == (1, True)
    assert said == "reload: kamailio.cfg has changed, not only data/: restart Kamailio\n"


def test_more_numbers_and_other_lines_of_the_policy_are_no_other_configuration() -> None:
    many = tuple(
        NumberRange(first=f"+1312{n:04}00", last=f"+1312{n:04}77") for n in range(0, 9000, 30)
    )
    few = with_trunk(PLAN, numbers=many[:1])

    def work() -> object:
        with running(few) as live:
            folder = live.folder
            files = render(with_trunk(PLAN, numbers=many), str(folder), {})
            write(folder, files)
            config = folder / "kamailio.cfg"
            config.write_text(
                re.sub(r"# (otherwise|retry)", r"# \1 policy.sipfo:99", config.read_text())
            )
            code, said = reload(live)
            (items,) = re.findall(r"nritems: (\d+)", live.rpc("mtree.summary", "range"))
            return code, said, int(items)

    code, said, prefixes = inside(work)
    assert (code, said) == (0, "")
    assert prefixes > 300


def test_reload_without_a_running_kamailio_says_so() -> None:
    def work() -> object:
        folder = put(PLAN)
        done = subprocess.run([folder / "reload"], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    code, said = inside(work)
    assert code == 1
    assert said.startswith("reload: permissions.addressReload")


def test_start_runs_it_with_its_options_and_in_its_folder(tmp_path: Path) -> None:
    write(tmp_path, render(PLAN, str(tmp_path), {}))
    double = tmp_path / "double"
    double.write_text('#!/bin/sh\necho "$SIPFO_KEY/$RES_OPTIONS"\nfor one; do echo "$one"; done\n')
    double.chmod(0o755)
    environment = {
        "PATH": "/usr/bin:/bin",
        "KAMAILIO": str(double),
        "SHM_MEMORY": "48",
        "PKG_MEMORY": "32",
    }
    done = subprocess.run(
        [tmp_path / "start", "-DD"], capture_output=True, text=True, check=True, env=environment
    )
    first, *words = done.stdout.splitlines()
    key = (tmp_path / "run" / "key").read_text()
    assert first == f"{key}/timeout:1 attempts:1"
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert " ".join(words) == (
        f"-f {tmp_path}/kamailio.cfg -x fm -m 48 -M 32 -Y {tmp_path}/run -w {tmp_path}"
        f" -P {tmp_path}/run/kamailio.pid -DD"
    )


@pytest.mark.parametrize("name", ["start", "reload", "settings"])
def test_the_scripts_are_plain_shell(tmp_path: Path, name: str) -> None:
    write(tmp_path, render(PLAN, str(tmp_path), {}))
    done = subprocess.run(["sh", "-n", tmp_path / name], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
