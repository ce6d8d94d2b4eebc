"""What a device should have: pure functions on catalogue, inventory, defaults and requests.

Nothing here knows DM, HTTP or a database. A package is *satisfied* when each of its components
is deployed in its release or a later one; the default software of a type is what devices of the
type drift towards; a device's request is judged by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from uscomo_tools.server.models import Component, Delivered, DmCommand, Operation, Package
from uscomo_tools.server.results import UPDATE_DOES_NOT_FIT

MAX_FAILURES = 3  # a package that failed this often is not sent again by itself
INSTALLING = frozenset({"install", "install-inactive"})
OPEN_STATES = frozenset({"queued", "sent", "running"})
NOT_BEGUN = OPEN_STATES - {"running"}
GOES_ON, NOT_NOW = 200, 202
PREINSTALLED = "-1"  # PkgIDRef of what was on a device before SCOMO came


@dataclass(slots=True)
class Facts:
    """What a decision is made from: one device's inventory and history, and the catalogue."""

    device_type: str
    components: Sequence[Component] = ()
    operations: Sequence[Operation] = ()
    packages: Sequence[Package] = ()
    default: Sequence[str] = ()
    delivered: Sequence[Delivered] = ()
    commands: Sequence[DmCommand] = ()


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


def deployed(facts: Facts, component_id: str) -> Component | None:
    """A component of the inventory by its id."""
    return next((row for row in facts.components if row.component_id == component_id), None)


def delivered(facts: Facts, package_id: str) -> Delivered | None:
    """A delivered package of the inventory by its id; one not installed yet comes first."""
    rows = [row for row in facts.delivered if row.package_id == package_id]
    return min(rows, key=lambda row: row.installed, default=None)


def release_of(facts: Facts, component: Component) -> int | None:
    """The release that is deployed: as the device tells it, else by its version.

    None when the device tells none and the catalogue never saw the version.
    """
    if component.release is not None:
        return component.release
    return releases(facts.packages).get((component.component_id, component.version))


def satisfied(facts: Facts, package: Package) -> bool:
    """Whether everything in the package is deployed in its release or a later one.

    Where the deployed release cannot be known, another version counts as older.
    """
    for part in package.components:
        component = deployed(facts, part["id"])
        if component is None:
            return False
        release = release_of(facts, component)
        if release is None and component.version != part["version"]:
            return False
        if release is not None and release < part["release"]:
            return False
    return True


def source(facts: Facts, component: Component) -> Package | None:
    """The package that a deployed component came from, as far as the catalogue knows it."""
    for package in facts.packages:
        for part in package.components:
            same = (part["id"], part["version"]) == (component.component_id, component.version)
            if same and package.package_id == component.package_id:
                return package
    return None


def replaces(facts: Facts, package: Package) -> bool:
    """Whether something in the package is deployed already, in whatever version."""
    return any(deployed(facts, part["id"]) is not None for part in package.components)


def base(facts: Facts, package: Package) -> Package | None:
    """The package that an update to a package may build on.

    All its components that the newer package has too are deployed, in exactly that package's
    version, and all of them are older. None also when the device does not tell releases: it is
    not one that knows updates.
    """
    new = {part["id"]: part for part in package.components}
    found: Package | None = None
    most = 0
    for candidate in facts.packages:
        common = [part for part in candidate.components if part["id"] in new]
        if len(common) <= most or not fits(candidate, facts.device_type):
            continue
        if all(_stems_from(facts, part, new[part["id"]], candidate) for part in common):
            found, most = candidate, len(common)
    return found


def _stems_from(
    facts: Facts, old: dict[str, Any], new: dict[str, Any], candidate: Package
) -> bool:
    component = deployed(facts, old["id"])
    return (
        component is not None
        and component.package_id == candidate.package_id
        and component.version == old["version"]
        and component.release == old["release"]
        and old["release"] < new["release"]
    )


def under_way(facts: Facts, package: Package, states: frozenset[str] = OPEN_STATES) -> bool:
    """Whether an installation of the package has not ended yet."""
    return any(
        operation.package_pk == package.id and operation.state in states
        for operation in facts.operations
        if operation.primitive in INSTALLING
    )


def held(facts: Facts, package: Package) -> bool:
    """Whether the device's history says not to offer the package again without being asked.

    That is after a refusal, after ``MAX_FAILURES`` failures, after an operator removed one of
    its components, and after he rolled one back that was published by then. A new release is
    another package; a request of the device or an operation of the operator is a new beginning.
    """
    components = {component["id"] for component in package.components}
    failures = 0
    for operation in reversed(facts.operations):
        removed = operation.primitive == "remove" and operation.subject in components
        undone = (
            operation.primitive == "rollback"
            and operation.subject in components
            and operation.created_at > package.published_at
        )
        if (removed or undone) and operation.state != "failed":
            return True
        if operation.primitive not in INSTALLING or operation.package_pk != package.id:
            continue
        if operation.state == "refused":
            return True
        failures += operation.state == "failed" and operation.code != UPDATE_DOES_NOT_FIT
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
        and not prerequisites(facts, package)[1]
    ]


def _updates(facts: Facts, components: Sequence[Component]) -> list[Package]:
    """The newer packages of some deployed components, each once."""
    found: dict[int, Package] = {}
    for component in components:
        own = newest(facts, component.package_id)
        package = own or package_with(facts, component.component_id)
        if package is not None and not satisfied(facts, package):
            found[package.id] = package
    return list(found.values())


def package_with(facts: Facts, component_id: str) -> Package | None:
    """The newest package that holds a component."""
    names = {package.package_id for package in facts.packages if _holds(package, component_id)}
    found = [package for name in names if (package := newest(facts, name)) is not None]
    return max(
        (package for package in found if _holds(package, component_id)),
        key=lambda package: (package.release, package.published_at),
        default=None,
    )


def _holds(package: Package, component_id: str) -> bool:
    return any(part["id"] == component_id for part in package.components)


# -- what has to be there first ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """What has to be done before: install a package, or activate a component."""

    primitive: str
    subject: str
    package: Package | None = None


def prerequisites(facts: Facts, package: Package) -> tuple[list[Prerequisite], str]:
    """What a package requires and the device lacks, in the order in which to do it.

    Returns
    -------
    tuple of list and str
        The prerequisites; and why they cannot be met, empty if they can.
    """
    found: dict[str, Prerequisite] = {}
    problem = _find(facts, package, (), found)
    return list(dict.fromkeys(found.values())), problem


def _find(
    facts: Facts, package: Package, above: tuple[Package, ...], found: dict[str, Prerequisite]
) -> str:
    own = {part["id"] for part in package.components}
    for part in package.components:
        for needed in part.get("requires", ()):
            component = deployed(facts, needed)
            if needed in own or needed in found or (component and component.active):
                continue
            other = package_with(facts, needed)
            if other is None and component is None:
                kind = facts.device_type or "of this device"
                return f"{part['id']} requires {needed}, which no package for type {kind} has"
            if other is not None:
                chain = (*above, package)
                if other.id in {link.id for link in chain}:
                    names = [link.package_id for link in (*chain, other)]
                    return "packages require each other in a circle: " + ", ".join(names)
                problem = _find(facts, other, chain, found)
                if problem:
                    return problem
            if component is not None:
                found[needed] = Prerequisite("activate", needed)
            elif other is not None:
                first = Prerequisite("install", other.package_id, other)
                found |= {held["id"]: first for held in other.components}
    return ""


# -- requests ---------------------------------------------------------------------------------


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
    problems = [prerequisites(facts, package)[1] for package in packages]
    if all(problems):
        return Answer(NOT_NOW, f"{packages[0].name} cannot be installed: {problems[0]}.")
    packages = [
        package for package, problem in zip(packages, problems, strict=True) if not problem
    ]
    fresh = [package for package in packages if not under_way(facts, package)]
    if any(under_way(facts, package, NOT_BEGUN) for package in packages):
        # Ordered before, or lost with a session that broke: this session sends it.
        return Answer(GOES_ON, "", fresh, not fresh)
    if not fresh:
        return Answer(NOT_NOW, f"{packages[0].name} is already on its way.", [], True)
    return Answer(GOES_ON, "", fresh)
