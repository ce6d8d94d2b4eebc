"""What an operator orders of a device: REST fields, checked against catalogue and inventory.

An order that cannot come true is refused here, with the reason, rather than by the device at its
next session. What nobody knows yet is left to the device: an inventory that was never read, or
what an operation that is still open will have changed.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from uscomo_tools.server import policy
from uscomo_tools.server.fields import Field, one_of, optional
from uscomo_tools.server.models import Device, Operation, Package
from uscomo_tools.server.operations import Terms, new_operation, with_prerequisites
from uscomo_tools.server.policy import Facts
from uscomo_tools.server.primitives import (
    DELIVERED,
    DELIVERIES,
    INDIRECT,
    OF_COMPONENTS,
    OF_PACKAGES,
    ORDERED,
    REBOOTS,
    SYNONYMS,
)
from uscomo_tools.server.problems import Problem

ASKERS = ("server", "device")
MAX_STATEMENT = 1100
OPERATOR = "operator"

OPERATION_FIELDS = {
    "primitive": one_of(None, *ORDERED),
    "package": optional(str),
    "component": optional(str),
    "ask": optional(str),
    "delivery": optional(str),
    "install_params": Field(str, ""),
    "reboot": optional(str),
}
TRUST_FIELDS = {"statement": Field(str)}
_TRUST_ACTIONS = {1: "add an anchor", 2: "revoke"}


def ordered(device: Device, facts: Facts, given: dict[str, Any]) -> list[Operation]:
    """The operations that an order makes, in their order.

    Raises
    ------
    Problem
        400 contradicts itself, 404 there is no such thing, 409 it cannot be done as things are.
    """
    for name, choices in (("ask", ASKERS), ("delivery", DELIVERIES), ("reboot", REBOOTS)):
        if given[name] not in (None, *choices):
            raise Problem(400, f"{name} is one of {', '.join(choices)}")
    primitive = SYNONYMS.get(given["primitive"], given["primitive"])
    if primitive in OF_PACKAGES:
        return _of_package(device, facts, primitive, given)
    for name in ("delivery", "install_params", "reboot"):
        if given[name]:
            raise Problem(400, f"{name} belongs to an installation, not to {primitive}")
    if primitive in OF_COMPONENTS:
        subjects = _subjects(device, facts, given)
        return [
            operation
            for subject in subjects
            for operation in _of_component(device, facts, primitive, subject)
        ]
    if primitive == "remove-package":
        return [_removal(device, facts, given)]
    if given["package"] or given["component"]:
        raise Problem(400, f"{primitive} is about the device as a whole")
    return [new_operation(device, primitive, "the device", OPERATOR, value=b"0")]


def trust(device: Device, statement: str) -> Operation:
    """The operation that hands a trust statement, in base64, to a device.

    The device judges the signature; here only what nobody could mean is refused.
    """
    try:
        data = base64.b64decode(statement, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "statement is not base64") from None
    if not 17 < len(data) <= MAX_STATEMENT or data[0] not in _TRUST_ACTIONS:
        raise Problem(400, "not a trust statement")
    words = _TRUST_ACTIONS[data[0]]
    if words == "revoke":
        words += f" {data[9:17].hex()}"
    return new_operation(
        device, "trust", f"{words}, signed by {data[1:9].hex()}", OPERATOR, value=data
    )


def _of_package(
    device: Device, facts: Facts, primitive: str, given: dict[str, Any]
) -> list[Operation]:
    if not given["package"] or given["component"]:
        raise Problem(400, f"{primitive} needs a package")
    package = policy.newest(facts, given["package"])
    delivery = given["delivery"]
    if delivery is None:
        wants = given["primitive"] == primitive and primitive != "download"
        delivery = DELIVERED if wants and _lies_there(facts, package) else INDIRECT
    if delivery == DELIVERED:
        _check_delivered(device, facts, given["package"], primitive)
    elif package is None:
        raise Problem(404, f"no package {given['package']} fits type {device.device_type!r}")
    terms = Terms(given["ask"], delivery, given["install_params"], given["reboot"] or "")
    operation = new_operation(device, primitive, given["package"], OPERATOR, package, terms=terms)
    return _behind_what_it_needs(device, facts, operation, package)


def _lies_there(facts: Facts, package: Package | None) -> bool:
    """Whether the newest package of an id is on the device, delivered by an operation of ours."""
    row = policy.delivered(facts, package.package_id) if package else None
    if package is None or row is None or row.installed:
        return False
    return any(
        operation.package_pk == package.id
        and (
            operation.correlator == row.node
            or row.node in [entry["node"] for entry in operation.results]
        )
        for operation in facts.operations
    )


def _check_delivered(device: Device, facts: Facts, package_id: str, primitive: str) -> None:
    if primitive == "download":
        raise Problem(400, "download and delivery=delivered contradict each other")
    row = policy.delivered(facts, package_id)
    if row is None and device.inventory_at is not None:
        raise Problem(404, f"{package_id} is not delivered on {device.device_id}")


def _removal(device: Device, facts: Facts, given: dict[str, Any]) -> Operation:
    if not given["package"] or given["component"]:
        raise Problem(400, "remove-package needs a package")
    row = policy.delivered(facts, given["package"])
    if row is None and device.inventory_at is not None:
        raise Problem(404, f"{given['package']} is not delivered on {device.device_id}")
    return new_operation(device, "remove-package", given["package"], OPERATOR)


def _of_component(device: Device, facts: Facts, primitive: str, subject: str) -> list[Operation]:
    component = policy.deployed(facts, subject)
    if component and component.package_id == policy.PREINSTALLED:
        raise Problem(409, f"{subject} came with the device and is left alone")
    if primitive == "rollback" and component and component.retained == "":
        raise Problem(409, f"{subject} has no former version to go back to")
    operation = new_operation(device, primitive, subject, OPERATOR)
    package = policy.source(facts, component) if component else None
    return _behind_what_it_needs(device, facts, operation, package)


def _behind_what_it_needs(
    device: Device, facts: Facts, operation: Operation, package: Package | None
) -> list[Operation]:
    added, problem = with_prerequisites(device, facts, operation, package)
    if problem:
        raise Problem(409, problem)
    return added


def _subjects(device: Device, facts: Facts, given: dict[str, Any]) -> list[str]:
    """The component ids that an operation on a component or a package is about."""
    package, component = given["package"], given["component"]
    if bool(package) == bool(component):
        raise Problem(400, "name either a component or a package")
    found = [
        row.component_id
        for row in facts.components
        if component in (None, row.component_id) and package in (None, row.package_id)
    ]
    if not found and component and _may_be_there(device, facts, component):
        return [component]
    if not found:
        raise Problem(404, f"{component or package} is not deployed on {device.device_id}")
    return found


def _may_be_there(device: Device, facts: Facts, component: str) -> bool:
    """Whether a component that the inventory lacks may be on the device all the same."""
    if device.inventory_at is not None:
        return False
    if not facts.components and not facts.operations:
        return True  # nobody ever looked
    sent = {operation.package_pk for operation in facts.operations}
    return any(
        part["id"] == component
        for package in facts.packages
        if package.id in sent
        for part in package.components
    )
