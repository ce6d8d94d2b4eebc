"""The description of the device's tree: valid, complete, and what the agent answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from uscomo_tools.cli import run
from uscomo_tools.device.ddf import DTD, NAMESPACE, PUBLIC_ID, describe

NAME = f"{{{NAMESPACE}}}"


@pytest.fixture(scope="module")
def document() -> bytes:
    return describe()


def nodes(document: bytes) -> dict[str, etree._Element]:
    """DFProperties by path; ``*`` where the name is chosen."""
    found = {}

    def walk(node: etree._Element, above: str) -> None:
        name = above + (node.findtext(NAME + "NodeName") or "*")
        found[name] = node.find(NAME + "DFProperties")
        for child in node.findall(NAME + "Node"):
            walk(child, name + "/")

    for node in etree.fromstring(document).findall(NAME + "Node"):
        walk(node, "")
    return found


def said(properties: etree._Element, name: str) -> list[str]:
    return [child.tag.removeprefix(NAME) for child in properties.find(NAME + name)]


def test_it_is_valid(document: bytes) -> None:
    dtd = etree.DTD(DTD.open())
    tree = etree.fromstring(document)
    assert dtd.validate(tree), dtd.error_log
    assert tree.getroottree().docinfo.public_id == PUBLIC_ID
    # The DTD refuses what is out of place.
    tree.find(f".//{NAME}DFProperties").append(etree.Element(NAME + "Scope"))
    assert not dtd.validate(tree)


def test_the_standard_objects_are_in_it(document: bytes) -> None:
    found = nodes(document)
    for name, kind in (
        ("DevInfo", "urn:oma:mo:oma-dm-devinfo:1.0"),
        ("DevDetail", "urn:oma:mo:oma-dm-devdetail:1.0"),
        ("DMAcc/*", "urn:oma:mo:oma-dm-dmacc:1.0"),
        ("Inbox", "urn:oma:mo:oma-dm-inbox:1.0"),
        ("SCOMO", "urn:oma:mo:oma-scomo:1.1"),
    ):
        assert found[name].findtext(f"{NAME}DFType/{NAME}DDFName") == kind
    for leaf in ("DevId", "Man", "Mod", "DmV", "Lang"):
        assert said(found[f"DevInfo/{leaf}"], "AccessType") == ["Get"]
        assert said(found[f"DevInfo/{leaf}"], "Scope") == ["Permanent"]
    assert said(found["DevDetail/LrgObj"], "DFFormat") == ["bool"]
    account = "DMAcc/*"
    for leaf in (
        *("AppID", "ServerID", "Name", "PrefConRef", "AAuthPref", "ToConRef/*/ConRef"),
        *("AppAddr/*/Addr", "AppAddr/*/AddrType", "AppAddr/*/Port/*/PortNbr"),
        *("AppAuth/*/AAuthLevel", "AppAuth/*/AAuthType", "AppAuth/*/AAuthName"),
        *("AppAuth/*/AAuthSecret", "AppAuth/*/AAuthData"),
    ):
        assert f"{account}/{leaf}" in found, leaf
    for leaf in ("AAuthSecret", "AAuthData"):
        assert "Get" not in said(found[f"{account}/AppAuth/*/{leaf}"], "AccessType")
    assert said(found["Inbox"], "AccessType") == ["Add"]
    run_node = found["SCOMO/Download/*/Operations/DownloadInstall"]
    assert (said(run_node, "AccessType"), said(run_node, "DFFormat")) == (["Exec"], ["null"])
    assert said(found["SCOMO/Download/*/PkgURL"], "AccessType") == [
        "Add",
        "Delete",
        "Get",
        "Replace",
    ]
    assert said(found["SCOMO/Download/*"], "Occurrence") == ["ZeroOrMore"]
    assert said(found["SCOMO/Download/*/Status"], "AccessType") == ["Get"]


def test_version_1_0_has_less(document: bytes) -> None:
    assert "SCOMO/Whitelisted/*/ID" in nodes(document)
    assert not [path for path in nodes(describe("1.0")) if "listed" in path]


def test_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["device", "ddf", "-o", str(tmp_path / "ddf.xml")]) == 0
    etree.fromstring((tmp_path / "ddf.xml").read_bytes())
    assert run(["device", "ddf", "--dtd"]) == 0
    assert capfd.readouterr().out == DTD.read_text()
