"""Rows as the REST interface and the pages show them."""

from __future__ import annotations

from typing import Any

from lxml import etree

from uscomo_tools.server import operations, results
from uscomo_tools.server.credentials import BASIC
from uscomo_tools.server.models import (
    Component,
    Delivered,
    Device,
    DmSession,
    LoggedMessage,
    Operation,
)
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.message import decode, encode

STATES = {"10": "inactive", "20": "active"}
DELIVERED_STATES = {"10": "delivered", "20": "installed"}


def device(row: Device) -> dict[str, Any]:
    """An account, without its secrets."""
    return {
        "device_id": row.device_id,
        "type": row.device_type,
        "user": row.user,
        "auth": row.auth,
        "server_auth": row.server_auth,
        "scomo_root": row.scomo_root,
        "last_seen": row.last_seen,
        "inventory_at": row.inventory_at,
        "notify": row.notify,
        "safe_mode": row.safe_mode,
        "trusts": row.anchors,
    }


def component(row: Component) -> dict[str, Any]:
    """One component of an inventory."""
    return {
        "id": row.component_id,
        "node": row.node,
        "package": row.package_id,
        "name": row.name,
        "version": row.version,
        "env": row.env,
        "state": STATES.get(row.state, row.state),
        "status": row.status,
        "release": row.release,
        "on_trial": row.on_trial and row.active,
        "last_error": row.last_error,
        "retained": row.retained,
    }


def delivered(row: Delivered) -> dict[str, Any]:
    """One delivered package of an inventory."""
    return {
        "package": row.package_id,
        "node": row.node,
        "name": row.name,
        "state": DELIVERED_STATES.get(row.state, row.state),
        "status": row.status,
    }


def operation(row: Operation) -> dict[str, Any]:
    """One operation."""
    return {
        "id": row.id,
        "correlator": row.correlator,
        "primitive": row.primitive,
        "subject": row.subject,
        "origin": row.origin,
        "ask": row.ask,
        "delivery": row.delivery,
        "install_params": row.install_params,
        "reboot": row.reboot,
        "update_from": row.base,
        "needs": row.needs,
        "state": row.state,
        "on_trial": operations.on_trial(row),
        "code": row.code,
        "reason": row.reason,
        "results": [_result(entry) for entry in row.results],
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "reported_at": row.reported_at,
    }


def _result(entry: dict[str, Any]) -> dict[str, Any]:
    """What became of one component."""
    words = results.explain(entry["code"])
    if "version" in entry:
        words = operations.roll_back_in_words(entry)
    return {
        "id": entry["id"],
        "node": entry["node"],
        "code": entry["code"],
        "reason": words,
        "rolled_back_to": entry.get("version", ""),
        "error": entry.get("error", ""),
    }


def session(row: DmSession) -> dict[str, Any]:
    """One session."""
    engine = row.state.get("engine", {})
    return {
        "id": row.id,
        "session_id": row.session_id,
        "started_at": row.started_at,
        "last_at": row.last_at,
        "ended": engine.get("ended", False),
        "refused": engine.get("refused", 0),
    }


def message(row: LoggedMessage) -> dict[str, Any]:
    """One message, decoded."""
    return {
        "id": row.id,
        "session": row.session_pk,
        "device": row.device_id,
        "direction": row.direction,
        "content_type": row.content_type,
        "size": len(row.body),
        "xml": readable(row),
        "at": row.at,
    }


def readable(row: LoggedMessage) -> str:
    """A message as indented XML."""
    try:
        decoded = decode(row.body, row.content_type)
        credential = decoded.header.credential
        if credential is not None and credential.type == BASIC:
            credential.data = b"(hidden)"  # it is the password
        document = encode(decoded, "xml")
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    except (WireError, etree.XMLSyntaxError) as error:
        return f"cannot be shown: {error}"
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))
