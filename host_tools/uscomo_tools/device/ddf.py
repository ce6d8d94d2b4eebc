"""The description of the device's tree (DDF), read off the agent's own code.

A device with one of everything is made in a folder that goes again, with the board's modules run
here: its tree is asked what there is, what may be done with it, and, by trying, what a server may
add. So nothing is described that the agent does not answer, and nothing that it does is left out.

Rules: OMA DM Tree and Description 1.2, section 9; Add and Delete of a node stand at that node.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lxml import etree

from ..package.keys import SigningKey
from .provision import DeviceSpec, boot_module, provision

#: What a description is valid against.
DTD = Path(__file__).parent / "dm_ddf-v1_2.dtd"
PUBLIC_ID = "-//OMA//DTD-DM-DDF 1.2//EN"
NAMESPACE = "syncml:dmddf1.2"

#: The names of the one of everything, where a server or the device chooses a name.
CHOSEN = "x"
ACCOUNT, COMPONENT = "main", "com.example.x"

#: How often a node may be there, by its path with `CHOSEN` names as ``*``; others: as found.
_OFTEN = {
    "DMAcc/*": "OneOrMore",
    "DMAcc/*/AppAddr/*": "OneOrMore",
    "DMAcc/*/AppAddr/*/Port/*": "OneOrMore",
    "DMAcc/*/AppAuth/*": "OneOrMore",
    "DMAcc/*/ToConRef/*": "OneOrMore",
    **dict.fromkeys(("DMAcc/*/AppAuth", "DMAcc/*/Ext", "DMAcc/*/ToConRef"), "ZeroOrOne"),
    "DMAcc/*/AppAddr/*/Port": "ZeroOrOne",
    **dict.fromkeys(
        (f"DMAcc/*/Ext/{name}" for name in ("ScomoRoot", "ScomoVersion")), "ZeroOrOne"
    ),
    "SCOMO/Inventory/Delivered/*/Data": "ZeroOrOne",
}
_RIGHTS = ("Add", "Delete", "Exec", "Get", "Replace")
_WHOLE_ACCOUNT = (
    *("PrefConRef", "ToConRef/x/ConRef", "AppAddr/1/Port/x/PortNbr"),
    *("AppAuth/1/AAuthName", "AppAuth/1/AAuthSecret", "AppAuth/1/AAuthData"),
)


def describe(scomo_version: str = "1.1") -> bytes:
    """The device's DDF document.

    Parameters
    ----------
    scomo_version
        That of the SCOMO object: ``1.0`` or ``1.1``.
    """
    root = etree.Element("MgmtTree", nsmap={None: NAMESPACE})
    etree.SubElement(root, "VerDTD").text = "1.2"
    etree.SubElement(root, "Man").text = "uscomo"
    etree.SubElement(root, "Mod").text = "MicroPython"
    with _device(scomo_version) as tree:
        for name in tree.children([]):
            _describe(root, tree, [name])
    head = f'<!DOCTYPE MgmtTree PUBLIC "{PUBLIC_ID}" "{DTD.name}">'
    text: bytes = etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", pretty_print=True, doctype=head
    )
    return text


@contextmanager
def _device(scomo_version: str) -> Iterator[Any]:
    # A tree, as the device itself sees it, with one of everything.
    boot = boot_module()
    before = boot.ROOT
    spec = DeviceSpec(
        device_id="urn:uscomo:ddf",
        url="http://dm.example/dm",
        server_id="dm.example",
        user="user",
        scomo_version=scomo_version,
        account=ACCOUNT,
        anchors=[SigningKey.generate(2048).public.modulus],
    )
    with TemporaryDirectory(prefix="uscomo-ddf-") as name:
        provision(spec, Path(name))
        boot.ROOT = f"{name}/uscomo.d"
        try:
            yield _filled()
        finally:
            boot.ROOT = before


def _filled() -> Any:
    from uscomo import dmacc, store, talk, tree
    from uscomo.nodes import Nodes
    from uscomo.scomo import Scomo

    stored = store.Store()
    nodes = Nodes(stored)
    slot = stored.new_slot()
    about = {"id": COMPONENT, "name": "X", "version": "1", "release": 1, "env": "", "package": "x"}
    (Path(store.slot_path(slot)) / "component").write_text(json.dumps(about) + "\n")
    stored.install(slot, 1, True)
    account = dmacc.Account(nodes, ACCOUNT)
    roots = ("DevInfo", "DevDetail", "DMAcc", "Inbox")
    mounts = [
        *((root, None) for root in roots),
        (account.scomo_root, Scomo(stored, nodes, account)),
    ]
    made: Any = tree.Tree(mounts, nodes, None, lambda name: talk.standard(name, nodes, made))
    for leaf in _WHOLE_ACCOUNT:
        made.add(
            f"./DMAcc/{ACCOUNT}/{leaf}".encode(), "bin" if "Data" in leaf else "chr", "", b"1"
        )
    for kind in ("Download", "Inventory/Delivered", "Whitelisted", "Blacklisted"):
        place = f"./{account.scomo_root}/{kind}/{CHOSEN}".encode()
        made.add(place, "node", "", b"")
        for name in _candidates():
            format = "bin" if name == "Data" else "chr"
            made.add(place + b"/" + name.encode(), format, "", b"1")
    nodes.commit()
    return made


def _candidates() -> list[str]:
    from uscomo import scomo

    return [*scomo._LIMITS, "Data"]


def _pattern(path: list[str]) -> list[str]:
    # Where a name is chosen when the node is made, "*".
    chosen = (CHOSEN, ACCOUNT, COMPONENT, "1", "2")
    key_ids = path[-2:-1] == ["Anchors"]
    return ["*" if name in chosen or (key_ids and name == path[-1]) else name for name in path]


def _describe(parent: etree._Element, tree: Any, path: list[str]) -> None:
    format, kind, access = tree.node(path)
    pattern = "/".join(_pattern(path))
    interior = format == "node"
    added = _may_be_added(tree, path, format)
    names = list(tree.children(path)) if interior else []
    if interior and not names and not access:
        return
    node = etree.SubElement(parent, "Node")
    etree.SubElement(node, "NodeName").text = "" if pattern.endswith("*") else path[-1]
    if parent.tag == "MgmtTree":
        etree.SubElement(node, "Path").text = "."
    properties = etree.SubElement(node, "DFProperties")
    rights = etree.SubElement(properties, "AccessType")
    for bit, right in enumerate(_RIGHTS):
        # What a parent lets be added below it stands at what is added; but for the Inbox, whose
        # children have no description.
        if right == "Add" and not (added or (interior and access == 1)):
            continue
        if right == "Add" or access & 1 << bit:
            etree.SubElement(rights, right)
    etree.SubElement(etree.SubElement(properties, "DFFormat"), format)
    dynamic = added or bool(access & 2)
    often = _OFTEN.get(pattern) or ("ZeroOrMore" if pattern.endswith("*") else "One")
    if often == "One" and access & 2:
        often = "ZeroOrOne"
    etree.SubElement(etree.SubElement(properties, "Occurrence"), often)
    scope = "Dynamic" if dynamic or "*" in pattern else "Permanent"
    etree.SubElement(etree.SubElement(properties, "Scope"), scope)
    type = etree.SubElement(properties, "DFType")
    if interior:
        etree.SubElement(type, "DDFName").text = kind
    else:
        etree.SubElement(type, "MIME").text = kind or "text/plain"
    etree.SubElement(etree.SubElement(properties, "CaseSense"), "CS")
    seen = set()
    for name in names:
        child = _pattern([*path, name])[-1]
        if child == "*" and child in seen:
            continue
        seen.add(child)
        _describe(node, tree, [*path, name])


def _may_be_added(tree: Any, path: list[str], format: str) -> bool:
    # Whether a server could make the node: it is tried where it is missing, and taken back.
    if len(path) < 2:
        return False
    before = tree.save()
    mounted, rest = tree.mounted(path)
    tree.nodes.discard()
    try:
        if not rest or not hasattr(mounted, "add") or not tree.node(path[:-1])[2] & 1:
            return False
        place = [*path[:-1], "another"] if _pattern(path)[-1] == "*" else path
        rest = tree.mounted(place)[1]
        data = b"another.example" if path[-1] == "ServerID" else b"1"
        if path[-1] in ("Report", "Silent"):
            return True
        if place == path:
            key = ("DMAcc/" if path[0] == "DMAcc" else "SCOMO/") + "/".join(rest)
            tree.nodes.remove_tree(key)
        code = mounted.add(rest, format if format in ("node", "bin") else "chr", data)
        return bool(code == 200)
    finally:
        mounted.drop() if hasattr(mounted, "drop") else None
        tree.restore(before)
