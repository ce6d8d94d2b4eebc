"""The commands of one operation: what is added, delivered, written and executed, in its order.

An operation is one step, ``operate``, but for a direct delivery, which is several: ``deliver``
adds the node, ``data`` carries the package in as many pieces as the device's message size asks
for, ``execute`` runs the primitive on it. A direct delivery that was cut off begins again, unless
the package had arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from uscomo_tools.server import policy, primitives, steps
from uscomo_tools.server.models import Device, Operation, Package
from uscomo_tools.server.policy import Facts
from uscomo_tools.server.primitives import DELIVERED, DIRECT, OF_PACKAGES
from uscomo_tools.server.steps import Step
from uscomo_tools.server.uri_limits import broken
from uscomo_tools.syncml.message import Command

KINDS = ("operate", "deliver", "data", "execute")
SMALLEST_PIECE = 48
ENVELOPE = 300  # what a message with one object has around it, bytes
_LENGTHS = 8  # what a piece's own bytes add to a message beyond themselves


class Contents(Protocol):
    """The bytes of packages and updates: :class:`uscomo_tools.server.contents.Contents`."""

    def size(self, sha256: str, base: str = "") -> int: ...
    def read(self, sha256: str, base: str, offset: int, size: int) -> bytes: ...


class Delivery:
    """Makes the commands of a device's operations."""

    def __init__(self, device: Device, facts: Facts, base_url: str, contents: Contents) -> None:
        self.device = device
        self.facts = facts
        self.base_url = base_url
        self.contents = contents

    # -- what is offered --------------------------------------------------------------------

    def choose(self, operation: Operation) -> None:
        """Decide between the whole package and an update, and keep to it."""
        if operation.arrived_at is not None:
            return
        operation.base = ""
        transported = operation.delivery != DELIVERED and operation.package_pk is not None
        # What is only stored may be installed when something else runs.
        if not transported or operation.whole or operation.primitive not in policy.INSTALLING:
            return
        package = self.package(operation)
        base = policy.base(self.facts, package)
        if base is not None and self.contents.size(package.sha256, base.sha256):
            operation.base = base.sha256

    def package(self, operation: Operation) -> Package:
        """The package of an operation that has one."""
        return next(p for p in self.facts.packages if p.id == operation.package_pk)

    def size(self, operation: Operation) -> int:
        """Bytes that travel to the device."""
        package = self.package(operation)
        return (
            self.contents.size(package.sha256, operation.base) if operation.base else package.size
        )

    def trouble(self, operation: Operation) -> tuple[int, str]:
        """Why a direct delivery cannot be tried: a DM status and a sentence; 0 if it can."""
        device, size = self.device, self.size(operation)
        limit = device.max_obj_size
        if limit and size > limit:
            return 413, f"{size} bytes; the device takes objects of at most {limit}"
        one_message = device.max_msg_size - ENVELOPE
        if device.large_objects is False and device.max_msg_size and size > one_message:
            return 413, f"{size} bytes, and the device takes no objects in pieces"
        return 0, ""

    def too_long(self, operation: Operation) -> str:
        """Why the node of an operation cannot be added, in words; empty if it can."""
        for item in self._add(self.device.scomo_root or "", operation).items:
            problem = broken(item.target or "", self.device.uri_limits)
            if problem:
                return problem
        return ""

    # -- steps ------------------------------------------------------------------------------

    def begin(self, operation: Operation) -> Step:
        """The first step of an operation."""
        kind = "operate"
        if operation.delivery == DIRECT:
            kind = "deliver" if operation.arrived_at is None else "execute"
        return Step(kind, operation=operation.correlator)

    def next_piece(self, step: Step) -> Step:
        """The step behind a piece that was taken."""
        return replace(step, offset=step.offset + step.size, size=0)

    def build(self, step: Step, operation: Operation, room: Callable[[Command], int]) -> Command:
        """The command of a step, not numbered yet."""
        root = self.device.scomo_root or ""
        target = primitives.target(root, operation, self.facts)
        if step.kind == "data":
            return self._piece(step, operation, room)
        if operation.primitive in primitives.VALUES:
            form = "bin" if operation.primitive == "trust" else "int"
            return steps.replace(target, form, operation.value)
        question = self._question(operation)
        run = steps.execute(target, operation.correlator)
        if step.kind == "deliver":
            return steps.sequence(question, self._add(root, operation))
        if step.kind == "operate" and operation.primitive in OF_PACKAGES:
            if operation.delivery != DELIVERED:
                return steps.sequence(question, self._add(root, operation), run)
            return steps.sequence(question, run) if question else run
        return run

    def _question(self, operation: Operation) -> str:
        if operation.ask != "server" or operation.package_pk is None:
            return ""
        package = self.package(operation)
        verb = "Update" if policy.replaces(self.facts, package) else "Install"
        if operation.primitive == "download":
            verb = "Download"
        size = 0 if operation.delivery == DELIVERED else self.size(operation)
        told = f" ({steps.readable_size(size)})" if size else ""
        return f"{verb} {package.name} {package.version}{told}?"

    def _add(self, root: str, operation: Operation) -> Command:
        package = self.package(operation)
        node = primitives.place(root, operation)
        direct = operation.delivery == DIRECT
        name = package.sha256 + (f".from.{operation.base}" if operation.base else "")
        return steps.add(
            node,
            {
                "PkgID": package.package_id,
                "PkgURL": "" if direct else f"{self.base_url}/content/{name}.dd",
                "Name": package.name,
                "EnvType": package.env,
                "PkgType": steps.PACKAGE_TYPE,
                "InstallParams": operation.install_params,
                "Reboot": operation.reboot,
            },
        )

    def _piece(self, step: Step, operation: Operation, room: Callable[[Command], int]) -> Command:
        """As much of the package as the message has room for."""
        sha256, base = self.package(operation).sha256, operation.base
        uri = primitives.place(self.device.scomo_root or "", operation) + "/Data"
        whole = self.size(operation)
        rest = whole - step.offset

        def piece(size: int) -> Command:
            step.size = size
            more = size < rest
            total = whole if more and not step.offset else None
            data = self.contents.read(sha256, base, step.offset, size)
            return steps.chunk(uri, data, total, more)

        size = rest
        left = room(steps.chunk(uri, b"", whole, True)) - _LENGTHS
        command = piece(min(size, max(left, SMALLEST_PIECE)))
        while room(command) < 0 and step.size > SMALLEST_PIECE:
            # Base64 in XML takes a third more; multiples of three can be joined again.
            command = piece(max(step.size * 3 // 4 // 3 * 3, SMALLEST_PIECE))
        if step.size < rest and step.size % 3:
            command = piece(step.size // 3 * 3)
        return command
