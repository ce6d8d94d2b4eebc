"""What a device should have: pure functions on catalogue, inventory, defaults and requests.

Nothing here knows DM, HTTP or a database. A package is *satisfied* when each of its components
is deployed in its release or a later one; the default software of a type is what devices of the
type drift towards; a device's request is judged by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from uscomo_tools.server.models import Component, Operation, Package

MAX_FAILURES = 3  # a package that failed this often is not sent again by itself
OPEN_STATES = frozenset({"queued", "sent", "running"})
GOES_ON, NOT_NOW = 200, 202


@dataclass(slots=True)
class Facts:
    """What a decision is made from: one device's inventory and history, and the catalogue."""

    device_type: str
    components: Sequence[Component] = ()
    operations: Sequence[Operation] = ()
    packages: Sequence[Package] = ()
    default: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What a device asks for in a request alert.

    ``package`` names a package to install; ``node`` a deployed component to update; neither
    means everything. ``by_user`` decides whether a negative answer is shown.
    """

    by_user: bool
    package: str = ""
    node: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The Status of a request, what to install, and what to tell a user if nothing.

    ``sure`` says that a fresh look at the inventory would not change the answer.
    """

    status: int
    text: str = ""
    packages: list[Package] = field(default_factory=list)
    sure: bool = False


def fits(package: Package, device_type: str) -> bool:
    """Whether a package is meant for the type; one that names no type is meant for all."""
    return not package.types or device_type in package.types


def newest(facts: Facts, package_id: str) -> Package | None:
    """The package of that id with the highest release that fits the device's type."""
    candidates = (
        package
        for package in facts.packages
        if package.package_id == package_id and fits(package, facts.device_type)
    )
    return max(
        candidates, key=lambda package: (package.release, package.published_at), default=None
    )


def releases(packages: Iterable[Package]) -> dict[tuple[str, str], int]:
    """The release behind each (component id, version): the inventory tells versions only."""
    return {
        (component["id"], component["version"]): component["release"]
        for package in packages
        for component in package.components
    }


def satisfied(facts: Facts, package: Package) -> bool:
    """Whether everything in the package is deployed in its release or a later one.

    A deployed version the catalogue never saw counts as older.
    """
    known = releases(facts.packages)
    deployed = {
        component.component_id: known.get((component.component_id, component.version), -1)
        for component in facts.components
    }
    return all(
        deployed.get(component["id"], -1) >= component["release"]
        for component in package.components
    )


def under_way(facts: Facts, package: Package) -> bool:
    """Whether an installation of the package has not ended yet."""
    return any(
        operation.package_pk == package.id and operation.state in OPEN_STATES
        for operation in facts.operations
        if operation.primitive == "install"
    )


def held(facts: Facts, package: Package) -> bool:
    """Whether the device's history says not to offer the package again without being asked.

    That is after a refusal, after ``MAX_FAILURES`` failures, and after an operator removed one
    of its components. A new release is another package; a request of the device or an operation
    of the operator is a new beginning.
    """
    components = {component["id"] for component in package.components}
    failures = 0
    for operation in reversed(facts.operations):
        removed = operation.primitive == "remove" and operation.subject in components
        if removed and operation.state != "failed":
            return True
        if operation.primitive != "install" or operation.package_pk != package.id:
            continue
        if operation.state == "refused":
            return True
        failures += operation.state == "failed"
        if failures >= MAX_FAILURES:
            return True
        if operation.origin != "default":
            return False
    return False


def drift(facts: Facts) -> list[Package]:
    """The default software that the device lacks and may be offered now, in order."""
    wanted = (newest(facts, package_id) for package_id in facts.default)
    return [
        package
        for package in wanted
        if package is not None
        and not satisfied(facts, package)
        and not under_way(facts, package)
        and not held(facts, package)
    ]


def _updates(facts: Facts, components: Sequence[Component]) -> list[Package]:
    """The newer packages of some deployed components, each once."""
    found: dict[int, Package] = {}
    for component in components:
        package = newest(facts, component.package_id) or _package_with(facts, component)
        if package is not None and not satisfied(facts, package):
            found[package.id] = package
    return list(found.values())


def _package_with(facts: Facts, component: Component) -> Package | None:
    """The newest package that holds a component whose own package id is unknown here."""
    ids = {
        package.package_id
        for package in facts.packages
        if any(part["id"] == component.component_id for part in package.components)
    }
    found = [package for name in ids if (package := newest(facts, name)) is not None]
    return max(found, key=lambda package: package.release, default=None)


def judge(facts: Facts, request: Request) -> Answer:
    """Decide a request by catalogue and inventory.

    Returns
    -------
    Answer
        200 and the packages when the installation goes on in this session; 202 and a text
        for the user when there is nothing to do now.
    """
    if request.package:
        package = newest(facts, request.package)
        if package is None:
            return Answer(
                NOT_NOW, f"{request.package} is not available for this device.", [], True
            )
        if satisfied(facts, package):
            return Answer(NOT_NOW, f"{package.name} {package.version} is already installed.")
        packages = [package]
    else:
        subjects = [
            component
            for component in facts.components
            if not request.node or component.node == request.node
        ]
        if request.node and not subjects:
            return Answer(NOT_NOW, f"{request.node} is not installed.")
        packages = _updates(facts, subjects)
        if not packages:
            return Answer(NOT_NOW, "Everything is up to date.")
    fresh = [package for package in packages if not under_way(facts, package)]
    if not fresh:
        return Answer(NOT_NOW, f"{packages[0].name} is already on its way.", [], True)
    return Answer(GOES_ON, "", fresh)
