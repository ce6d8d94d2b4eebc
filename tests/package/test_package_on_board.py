"""What the host writes of updates, endorsed keys and statements, read by the board's own code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from uscomo import package as board
from uscomo import trust
from uscomo_tools.device.agent import agent_files
from uscomo_tools.package import (
    Endorsement,
    Project,
    SigningKey,
    add_anchor,
    agent_project,
    build,
    make_update,
    read_package,
    revoke,
)

MODULES = {path: data for path, data in agent_files().items() if path.startswith("lib/uscomo/")}


class Device:
    """Anchors, and what was installed last."""

    def __init__(self, folder: Path, anchor: SigningKey) -> None:
        self.folder = folder
        self.keys = str(folder / "k")
        self.slot: Path | None = None
        Path(self.keys).mkdir()
        (folder / "k" / anchor.public.key_id).write_bytes(anchor.public.modulus)

    def install(self, data: bytes) -> dict:
        """The header of a package of the agent that was verified and unpacked."""
        spooled = self.folder / "d"
        spooled.write_bytes(data)
        package = board.Package(str(spooled), bytearray(700))
        header = package.verify(self.keys, 0x1306, "unix")
        slot = self.folder / str(len(list(self.folder.iterdir())))
        slot.mkdir()
        package.unpack({"agent": str(slot)}, {"agent": str(self.slot)} if self.slot else None)
        self.slot = slot
        return header

    def modules(self) -> dict[str, bytes]:
        assert self.slot
        return {
            f"lib/uscomo/{path.name}": path.read_bytes() for path in self.slot.glob("uscomo/*")
        }


@pytest.fixture(scope="module")
def anchor() -> SigningKey:
    return SigningKey.generate(3072)


@pytest.fixture
def device(tmp_path: Path, anchor: SigningKey) -> Device:
    return Device(tmp_path, anchor)


def agent(release: int, **changes: bytes) -> Project:
    files = {f"lib/uscomo/{name}.mpy": content for name, content in changes.items()}
    return agent_project(MODULES | files, release=release)


def test_the_agent_and_its_update_with_an_endorsed_key(
    device: Device, anchor: SigningKey, key: SigningKey
) -> None:
    endorsement = Endorsement.make(anchor, key.public)
    old = build(agent(1), key, endorsement=endorsement)
    new = build(agent(2, extra=MODULES["lib/uscomo/rsa.mpy"]), key, endorsement=endorsement)
    header = device.install(old)
    assert header["signer"] == anchor.public.key_id
    assert header["components"][0]["agent"] is True
    assert device.modules() == MODULES
    update = make_update(read_package(old), read_package(new))
    assert len(update) < len(new) / 4
    device.install(update)
    assert device.modules() == MODULES | {"lib/uscomo/extra.mpy": MODULES["lib/uscomo/rsa.mpy"]}


def test_an_update_of_something_else(device: Device, anchor: SigningKey) -> None:
    old, new = (build(agent(release), anchor) for release in (1, 2))
    other = build(agent(1, rsa=MODULES["lib/uscomo/md5.mpy"]), anchor)
    update = make_update(read_package(old), read_package(new))
    for base in (None, other):
        if base:
            device.install(base)
        with pytest.raises(board.PackageError) as caught:
            device.install(update)
        assert caught.value.code == 1455


def test_statements(device: Device, anchor: SigningKey, key: SigningKey) -> None:
    endorsed = build(agent(1), key, endorsement=Endorsement.make(anchor, key.public))
    plain = build(replace(agent(1), downgrade=True), key)
    statement = add_anchor(anchor, key.public)
    with pytest.raises(board.PackageError):
        device.install(plain)
    assert trust.apply(statement, device.keys) == 200
    assert trust.apply(statement, device.keys) == 418
    assert device.install(plain)["downgrade"] is True
    assert device.install(endorsed)["signer"] == anchor.public.key_id
    assert trust.apply(revoke(anchor, key.public.key_id), device.keys) == 200
    assert trust.anchors(device.keys) == [anchor.public.key_id]
    for data in (plain, endorsed):
        with pytest.raises(board.PackageError) as caught:
            device.install(data)
        assert caught.value.code == 1407
