"""How a device asks, and with whom: fall-backs for servers of another mind, accounts, roots."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gateway import Message
from pairs import Pair

UPDATE = "urn:oma:at:scomo:1.1:UpdateUserRequest"
INSTALL = "Reversed-Domain-Name: com.uscomo.scomo.installrequest"


def unknown(*types: str) -> Callable[[Message], None]:
    """Make the server one that answers 415 to these types: it gets to see others."""

    def change(message: Message) -> None:
        for command in message.commands:
            for item in command.items:
                if item.meta and item.meta.type in types:
                    item.meta.type = "urn:example:unknown"

    return change


def asked(pair: Pair) -> list[str]:
    """The types of the requests that the device sent, in order, repetitions left out."""
    types = [
        item.meta.type or ""
        for message in pair.gateway.sent
        for command in message.commands
        for item in command.items
        if item.meta and item.meta.type in (UPDATE, INSTALL)
    ]
    return [kind for at, kind in enumerate(types) if types[at - 1 : at] != [kind]]


def test_default(pair: Pair) -> None:
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert asked(pair) == [UPDATE]
    assert pair.outcome() == ("done", 1200)
    (operation,) = pair.operations()
    assert operation["origin"] == "user"


def test_server_of_1_0(pair: Pair) -> None:
    pair.gateway.up = unknown(UPDATE)
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert asked(pair) == [UPDATE, INSTALL]
    assert f"request {package} installing" in pair.events
    assert pair.outcome() == ("done", 1200)

    # What the server knows is remembered.
    another = pair.publish()
    assert pair.ask_for(another) == 0
    assert asked(pair) == [UPDATE, INSTALL]
    assert pair.status() == {package: 20, another: 20}


def test_server_that_knows_no_requests(pair: Pair) -> None:
    pair.gateway.up = unknown(UPDATE, INSTALL)
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert asked(pair) == [UPDATE, INSTALL]
    assert pair.events[-1] == f"request {package} nothing available"
    assert len(pair.gateway.sent) <= 8
    assert pair.operations() == []


def test_fall_backs_are_the_accounts(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(request_types="install")
    pair.gateway.up = unknown(INSTALL)
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert asked(pair) == [INSTALL]
    assert pair.events[-1] == f"request {package} not supported"


def test_nothing_available(pair: Pair) -> None:
    assert pair.ask_for("com.example.nowhere") == 0
    assert "request com.example.nowhere nothing available" in pair.events
    assert "! com.example.nowhere is not available for this device." in pair.output


def test_already_installed(pair: Pair) -> None:
    package = pair.publish()
    assert pair.ask_for(package) == 0
    pair.output.clear()
    assert pair.ask_for(package) == 0
    assert pair.output[-1].endswith("is already installed.")
    assert len(pair.operations()) == 1


def test_many_requests_at_once(pair: Pair) -> None:
    """More than one message can carry: each gets its answer."""
    names = [f"com.example.nowhere-{number:02}" for number in range(20)]
    pair.on_board("requests", *names)
    assert pair.run() == 0
    answers = [event for event in pair.events if event.startswith("request ")]
    assert sorted(answers) == [f"request {name} nothing available" for name in names]


@pytest.mark.parametrize(
    ("auth", "server_auth"),
    [("none", "none"), ("none", "md5"), ("basic", "none"), ("basic", "md5"), ("md5", "none")],
)
def test_accounts(new_pair: Callable[..., Pair], auth: str, server_auth: str) -> None:
    pair = new_pair(auth=auth, server_auth=server_auth)
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert pair.outcome() == ("done", 1200)
    assert pair.check() == 0
    assert pair.inventory() == {package: "active"}

    types = {
        header.credential.type if header.credential else None
        for header in (message.header for message in pair.gateway.sent)
        if header.msg_id == "1"
    }
    assert types == {None if auth == "none" else f"syncml:auth-{auth}"}
    signed = [message.header.credential is not None for message in pair.gateway.received]
    assert any(signed) == (server_auth == "md5")


@pytest.mark.parametrize("told", [True, False])
def test_root_elsewhere(new_pair: Callable[..., Pair], told: bool) -> None:
    root = "./Vendor/Apps"
    pair = new_pair(scomo_root=root, account={"scomo_root": root} if told else None)
    package = pair.publish()
    assert pair.ask_for(package) == 0
    assert pair.outcome() == ("done", 1200)
    _, item = pair.gateway.reports()[0]
    assert (item.source or "").startswith(root + "/Download/")
    assert item.target == f"{root}/Inventory/Deployed/{package}"
    assert pair.inventory() == {package: "active"}

    pair.operate("deactivate", package)
    assert pair.check() == 0
    assert pair.status() == {package: 10}
    assert pair.inventory() == {package: "inactive"}
    assert f"{root}/Inventory/Deployed/{package}/State" in pair.tree()
