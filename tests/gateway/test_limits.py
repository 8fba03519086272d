"""Who is let in, and how fast."""

from __future__ import annotations

import pytest

from perdure.server.gateway.limits import Bucket, Door, Networks, network_of
from perdure.server.gateway.settings import Limits


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_bucket_has_a_burst_and_then_a_rate():
    clock = Clock()
    bucket = Bucket(10, 3, clock)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    assert bucket.wait() == pytest.approx(0.1)
    clock.now += 0.1
    assert bucket.take()
    assert not bucket.take()
    clock.now += 1000
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_a_bucket_without_a_rate_never_ends():
    bucket = Bucket(0, 1)
    assert all(bucket.take() for _ in range(100))


@pytest.mark.defect("V-7")
@pytest.mark.parametrize(
    ("networks", "address", "inside"),
    [
        (["1.2.3.4"], "1.2.3.4", True),
        (["1.2.3.4"], "1.2.3.45", False),
        (["10.0.0.0/8"], "10.255.0.1", True),
        (["10.0.0.0/8"], "11.0.0.1", False),
        (["2001:db8::/32"], "2001:db8:1::5", True),
        (["2001:db8::/32"], "2001:db9::5", False),
        (["1.2.3.0/24"], "::ffff:1.2.3.9", True),
        (["::ffff:1.2.3.0/120"], "1.2.3.9", True),
        (["fe80::1"], "fe80::1%eth0", True),
        (["nonsense", "1.2.3.4"], "1.2.3.4", True),
        (["0.0.0.0/0"], "9.9.9.9", True),
        (["0.0.0.0/0"], "::1", False),
        (["1.2.3.4"], "local", False),
    ],
)
def test_networks_of_both_families(networks, address, inside):
    assert (address in Networks(networks)) is inside


def test_a_household_of_ipv6_counts_as_one():
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1")
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("::ffff:1.2.3.4") == network_of("1.2.3.4")


def limits(**changed):
    return Limits(**{"connection_rate": 1000.0, "connection_burst": 1000, **changed})


@pytest.mark.defect("V-13")
def test_one_address_that_floods_keeps_nobody_else_out():
    door = Door(limits(connection_rate=0.001, connection_burst=2))
    assert [bool(door.enter("1.1.1.1")) for _ in range(3)] == [False, False, True]
    assert not door.enter("2.2.2.2")


def test_connections_of_one_address_and_of_all_are_bounded():
    door = Door(limits(connections_per_address=2, connections=3))
    assert not door.enter("1.1.1.1")
    assert not door.enter("1.1.1.1")
    assert "your address" in door.enter("1.1.1.1")
    assert not door.enter("2.2.2.2")
    assert "room" in door.enter("3.3.3.3")
    door.leave("1.1.1.1")
    assert not door.enter("1.1.1.1")
    assert door.inside == 3


def test_a_banned_network_does_not_get_in():
    door = Door(limits())
    door.banned = Networks(["6.6.0.0/16"])
    assert "banned" in door.enter("6.6.6.6")
    assert not door.enter("6.7.6.6")


def test_what_is_remembered_of_addresses_is_bounded():
    door = Door(limits(connection_rate=0.001, connection_burst=5))
    for number in range(20_000):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        assert not door.enter(address)
        door.leave(address)
    assert len(door._visitors) <= 4096
