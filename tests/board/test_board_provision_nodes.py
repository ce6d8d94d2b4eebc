"""The one writer of a device's store: accounts beside each other, keys that stay revoked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from uscomo_tools.device import provision
from uscomo_tools.device.provision import DeviceSpec, Provisioning, device_nodes
from uscomo_tools.errors import UsageError
from uscomo_tools.package.keys import PublicKey

RIGHTS = ("Add", "Delete", "Exec", "Get", "Replace")
MODULUS = b"\xc0" + bytes(254) + b"\x01"


def acl(*servers: str) -> bytes:
    return "&".join(f"{right}={'+'.join(servers)}" for right in RIGHTS).encode()


def spec(**fields: Any) -> DeviceSpec:
    return DeviceSpec(**{"device_id": "d", "url": "http://host/dm", **fields})


def nodes(root: Path) -> Any:
    """The store's values as the board reads them."""
    boot = provision.boot_module()
    before = boot.ROOT
    boot.ROOT = str(root / "uscomo.d")
    try:
        from uscomo.nodes import Nodes
        from uscomo.store import Store

        opened = Nodes(Store())
        return {key: opened.get(key) for key in opened.keys("")}
    finally:
        boot.ROOT = before


def test_a_second_account_with_the_same_root_leaves_the_first_its_rights(tmp_path: Path) -> None:
    provision.provision(spec(server_id="a", account="one"), tmp_path)
    provision.provision(spec(server_id="b", account="two"), tmp_path)
    found = nodes(tmp_path)
    assert found["?SCOMO"] == acl("a", "b")
    assert found["?DMAcc/one"] == b"Get=a&Replace=a"
    assert found["?DMAcc/two"] == b"Get=b&Replace=b"
    assert found["DMAcc/one/ServerID"] == b"a"


def test_doing_it_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        provision.provision(spec(server_id="a", account="one"), tmp_path)
        found = nodes(tmp_path)
        assert found["?SCOMO"] == acl("a")
    provision.provision(spec(server_id="a", account="two", scomo_root="Other"), tmp_path)
    assert nodes(tmp_path)["?Other"] == acl("a")


def test_an_account_that_gets_another_server_hands_its_rights_over(tmp_path: Path) -> None:
    provision.provision(spec(server_id="a", account="one"), tmp_path)
    provision.provision(spec(server_id="b", account="two"), tmp_path)
    owned = Provisioning(values={"?SCOMO/Inventory/Deployed/x": acl("a")})
    provision.provision_folder(owned, tmp_path)
    provision.provision(spec(server_id="c", account="one"), tmp_path)
    found = nodes(tmp_path)
    assert found["?SCOMO"] == acl("c", "b")
    assert found["?SCOMO/Inventory/Deployed/x"] == acl("c")
    # b is known by another account too: its rights stay where they are.
    provision.provision(spec(server_id="b", account="three"), tmp_path)
    provision.provision(spec(server_id="e", account="two"), tmp_path)
    assert nodes(tmp_path)["?SCOMO"] == acl("c", "b", "e")


def test_what_is_given_counts_and_the_rest_stays(tmp_path: Path) -> None:
    provision.provision(spec(user="u", password="p", account="one"), tmp_path)
    kept = nodes(tmp_path)
    wanted = Provisioning(
        values={"DMAcc/one/AppAddr/1/Addr": b"http://new/dm", "~set/poll": None},
        defaults=device_nodes(spec(user="other", account="one", settings={"retry": "1000"})),
        account="one",
    )
    answer = provision.provision_folder(wanted, tmp_path)
    found = nodes(tmp_path)
    changed = {key for key in {*kept, *found} if kept.get(key) != found.get(key)}
    assert changed == {"DMAcc/one/AppAddr/1/Addr", "~set/retry"}
    assert found["DMAcc/one/AppAuth/1/AAuthSecret"] == b"p"
    assert answer["accounts"] == ["one"]
    assert answer["device_id"] == "d"


def test_an_account_says_how_its_messages_are_written(tmp_path: Path) -> None:
    provision.provision(spec(encoding="xml"), tmp_path)
    assert nodes(tmp_path)["DMAcc/main/Ext/Form"] == b"xml"
    provision.provision(spec(), tmp_path)
    assert nodes(tmp_path)["DMAcc/main/Ext/Form"] == b"wbxml"
    with pytest.raises(UsageError, match="wbxml, xml"):
        spec(encoding="json").check()


def test_a_fresh_account_has_nothing_of_the_former_one(tmp_path: Path) -> None:
    provision.provision(spec(user="u", password="p"), tmp_path)
    nonces = tmp_path / "uscomo.d" / "n" / "main"
    nonces.write_bytes(b"of the former secrets")
    provision.provision(spec(auth="none", server_auth="none"), tmp_path)
    assert not [key for key in nodes(tmp_path) if "AppAuth" in key]
    assert not nonces.exists()


def test_anchors_are_added_once_and_a_revoked_one_stays_revoked(tmp_path: Path) -> None:
    name = PublicKey(MODULUS).key_id
    wanted = Provisioning(anchors=[MODULUS])
    assert provision.provision_folder(wanted, tmp_path)["anchors"] == {name: "added"}
    path = tmp_path / "uscomo.d" / "k" / name
    assert path.read_bytes() == MODULUS
    assert provision.provision_folder(wanted, tmp_path)["anchors"] == {name: "known"}
    path.write_bytes(b"")
    assert provision.provision_folder(wanted, tmp_path)["anchors"] == {name: "revoked"}
    assert path.read_bytes() == b""


@pytest.mark.parametrize("used", [16, 0])
def test_there_are_no_more_anchors_than_the_board_takes(tmp_path: Path, used: int) -> None:
    provision.provision_folder(Provisioning(), tmp_path)
    folder = tmp_path / "uscomo.d" / "k"
    for number in range(used or 64):
        (folder / f"{number:016x}").write_bytes(MODULUS if used else b"")
    answer = provision.provision_folder(Provisioning(anchors=[MODULUS]), tmp_path)
    assert answer["anchors"] == {PublicKey(MODULUS).key_id: "full"}
