"""What can fail in a plan: each thing once, with its footprint and its ways to fail."""

from __future__ import annotations

from sipfo.plan.model import Carrier, Egress, Instance, Plan, Registered, Registrar, Route
from sipfo.verify.audit.inventory import Spot
from sipfo.verify.audit.things import Thing, things_of
from verify.seed import EGRESS, plan


def seed(
    *routes: Route,
    egress: tuple[str, str] = ("192.76.120.10", "64.16.250.10"),
    carriers: tuple[Carrier, ...] = (),
    registrars: tuple[Registrar, ...] = (),
) -> Plan:
    """The seed's plan over these routes, sent from these addresses."""
    policy = plan(tuple(one.name for one in routes), carriers=tuple(one.name for one in carriers))
    return policy.model_copy(
        update={
            "routes": routes,
            "carriers": carriers,
            "registrars": registrars,
            "egress": tuple(
                Egress(name=name, host=host, port=5060)
                for name, host in zip(EGRESS, egress, strict=True)
            ),
        }
    )


def to(name: str, *hosts: str, levels: tuple[str, ...] = ()) -> Route:
    return Route(name=name, destinations=tuple(f"sip:{host}" for host in hosts), levels=levels)


def told(policy: Plan) -> dict[str, Thing]:
    """The things by their labels."""
    found = things_of(policy)
    labels = {thing.label: thing for thing in found}
    assert len(labels) == len(found)
    return labels


def test_a_route_with_an_address_of_its_own_is_one_thing() -> None:
    assert list(told(seed(to("pbx", "10.0.0.1")))) == [
        "us.primary 192.76.120.10",
        "us.secondary 64.16.250.10",
        "route pbx 10.0.0.1",
    ]


def test_an_address_that_two_routes_share_is_a_thing_of_its_own() -> None:
    found = told(seed(to("a", "10.0.0.1:5060"), to("b", "10.0.0.1:5070")))
    shared = found["address 10.0.0.1 (a, b)"]
    assert shared.spots == {Spot("a"), Spot("b")}
    assert shared.modes == ("silent", "refuses")
    assert not any(label.startswith("network") for label in found)


def test_a_name_may_not_resolve() -> None:
    found = told(seed(to("a", "pbx.example.com"), to("b", "pbx.example.com")))
    assert found["route a pbx.example.com"].modes == ("silent", "refuses", "unresolvable")
    assert found["name pbx.example.com (a, b)"].modes == ("silent", "refuses", "unresolvable")


def test_an_address_to_send_from_can_only_be_silent() -> None:
    assert told(seed(to("a", "10.0.0.1")))["us.primary 192.76.120.10"].modes == ("silent",)


def test_a_region_is_a_route_and_two_levels() -> None:
    found = told(seed(to("far", "10.0.0.1", "10.1.0.1", levels=("primary", "secondary"))))
    assert found["route far 10.0.0.1, 10.1.0.1"].spots == {
        Spot("far", "primary"),
        Spot("far", "secondary"),
    }
    assert found["level far.primary 10.0.0.1"].spots == {Spot("far", "primary")}


def test_an_address_that_we_send_from_and_to_fails_both() -> None:
    found = told(seed(to("back", "192.76.120.10"), to("b", "10.0.0.1")))
    both = found["address 192.76.120.10 (us.primary, back)"]
    assert both.egresses == {"us.primary"}
    assert both.spots == {Spot("back")}


def test_an_instance_fails_for_every_user_that_registers_there() -> None:
    office = Registrar(
        name="office",
        domain="sip.acme.example",
        users=(),
        instances=(
            Instance(name="kss-a", host="10.0.0.1", port=5060),
            Instance(name="kss-b", host="10.1.0.1", port=5060),
        ),
    )
    desks = [
        Route(
            name=name,
            destinations=(f"sip:{user}@10.0.0.1:5060", f"sip:{user}@10.1.0.1:5060"),
            levels=("kss-a", "kss-b"),
            registered=Registered(user=user, registrar="office"),
        )
        for name, user in (("desk", "alice"), ("door", "bob"))
    ]
    found = told(seed(*desks, registrars=(office,)))
    instance = found["instance office.kss-a 10.0.0.1"]
    assert instance.spots == {Spot("desk", "kss-a"), Spot("door", "kss-a")}
    assert "address 10.0.0.1 (desk.kss-a, door.kss-a)" not in found


def test_a_network_is_told_where_it_holds_what_should_back_each_other_up() -> None:
    near = told(seed(to("a", "10.0.0.1"), to("b", "10.0.0.2")))
    assert near["network 10.0.0.0/24 (a, b)"].spots == {Spot("a"), Spot("b")}
    senders = told(seed(to("a", "10.0.0.1"), egress=("5.172.39.10", "5.172.39.25")))
    assert senders["network 5.172.39.0/24 (us.primary, us.secondary)"].egresses == set(EGRESS)
    v6 = told(seed(to("a", "[2001:db8:1::1]"), to("b", "[2001:db8:1:9::2]")))
    assert "network 2001:db8:1::/48 (a, b)" in v6


def test_a_line_about_many_names_the_first_of_them() -> None:
    routes = [to(f"r{i}", f"10.0.0.{i}") for i in range(1, 20)]
    (network,) = (one for one in things_of(seed(*routes)) if one.name == "10.0.0.0/24")
    assert network.label == "network 10.0.0.0/24 (r1, r2, r3, r4 and 15 more)"
    assert network.what.count(",") == 18


def test_a_network_of_one_address_to_send_from_and_one_destination_is_not_told() -> None:
    found = told(seed(to("a", "10.0.0.1"), egress=("10.0.0.9", "64.16.250.10")))
    assert not any(label.startswith("network") for label in found)


def test_what_no_trunk_uses_is_not_told() -> None:
    policy = seed(to("a", "10.0.0.1"))
    unused = policy.model_copy(
        update={
            "routes": (*policy.routes, to("spare", "10.5.0.1")),
            "carriers": (Carrier(name="idle", destination="sip:10.6.0.1"),),
        }
    )
    assert told(unused) == told(policy)


def test_destinations_without_names_fail_together() -> None:
    found = told(seed(to("pbx", "10.0.0.1", "10.1.0.1")))
    assert found["route pbx 10.0.0.1, 10.1.0.1"].spots == {Spot("pbx")}
