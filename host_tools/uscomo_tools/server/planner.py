"""The SCOMO side of a session: what the device said, and what to ask it next.

Order of the questions: delete what finished installations left behind; find the management
object by its identifier; read the inventory; then one operation at a time, because a device that
works on one may refuse the next (a trial that goes on is no work). When nothing is due nothing is
asked. The rules are those of the digest's sections 3 to 5 and 10; what to install is the policy's
business, and the commands of an operation are the delivery's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from uscomo_tools.server import commands, policy, primitives
from uscomo_tools.server.delivery import KINDS, Contents, Delivery
from uscomo_tools.server.listener import Listener
from uscomo_tools.server.log import event
from uscomo_tools.server.models import Device, DmCommand, Operation, Package, now
from uscomo_tools.server.operations import (
    ENDED,
    explain_roll_backs,
    move,
    new_operation,
    on_trial,
    settle_delivery,
    settle_status,
    with_prerequisites,
)
from uscomo_tools.server.policy import Facts, Request
from uscomo_tools.server.primitives import DELIVERED, DIRECT, OF_PACKAGES
from uscomo_tools.server.steps import BUILDERS, Outcome, Step
from uscomo_tools.server.survey import Plan, Survey
from uscomo_tools.syncml.message import Command, Item

PIECE_TAKEN, NOT_FOUND, URI_TOO_LONG = 213, 404, 414
TRIAL_PATIENCE = 7 * 24 * 3600.0  # seconds to wait for the end of a trial


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when the planner works: the session's row, the content, the patience."""

    session_pk: int
    base_url: str
    report_timeout: float
    inventory_age: float
    contents: Contents


class Planner:
    """Plays one device's SCOMO session; sans-IO, on the rows it was given."""

    def __init__(self, device: Device, facts: Facts, plan: Plan, place: Place) -> None:
        self.device = device
        self.facts = facts
        self.plan = plan
        self.place = place
        self.operations = list(facts.operations)
        facts.operations = self.operations
        self.survey = Survey(device, facts, plan)
        self.delivery = Delivery(device, facts, place.base_url, place.contents)
        self.listener = Listener(device, facts, plan, self.operations)
        self.answers: dict[str, Callable[[Step, Outcome], list[Step]]] = {
            **self.survey.answers,
            "delete": self._deleted,
            "display": lambda step, outcome: [],
            **dict.fromkeys(("operate", "execute"), self._operated),
            "deliver": self._delivered,
            "data": self._piece_taken,
            "command": self._commanded,
        }

    # -- what the device says ---------------------------------------------------------------

    def device_info(self, items: list[Item]) -> int:
        """Keep the DevInfo of package 1."""
        return self.listener.device_info(items)

    def alert(self, command: Command) -> int:
        """Take a generic alert; its Status covers all of its Items."""
        return self.listener.alert(command)

    # -- what to ask it next ----------------------------------------------------------------

    def next_steps(self) -> list[Step]:
        """The steps due now; none ends the session."""
        self.survey.close()
        if self.plan.fresh:
            for operation in self.operations:
                explain_roll_backs(operation, self.facts)
        self._pick_up()
        steps = [
            Step("command", operation=str(row.id))
            for row in self.facts.commands
            if row.state == commands.QUEUED
        ]
        steps += self._leftovers()
        if self._due():
            steps += self._ask()
        steps += [Step("display", text=told) for told in self.plan.texts]
        self.plan.texts = []
        return steps

    def _pick_up(self) -> None:
        """Requeue what another session lost, and stop waiting for reports that never came."""
        for row in self.facts.commands:
            if row.state == commands.SENT and row.session_pk != self.place.session_pk:
                row.state = commands.LOST
        for operation in self.operations:
            if operation.state == "sent" and operation.session_pk != self.place.session_pk:
                move(operation, "queued")
            waited = now() - operation.changed_at
            if on_trial(operation):
                if waited > TRIAL_PATIENCE:
                    move(operation, "done", operation.code, "installed; no report of the trial")
            elif operation.state == "running" and waited > self.place.report_timeout:
                move(operation, "failed", None, "no report")

    def _leftovers(self) -> list[Step]:
        root = self.device.scomo_root or ""
        return [
            Step("delete", primitives.place(root, operation), operation.correlator)
            for operation in self.operations
            if operation.leftover and (operation.state in ENDED or self._cut_off(operation))
        ]

    def _cut_off(self, operation: Operation) -> bool:
        """Whether a direct delivery was lost with its session, and has to begin again."""
        return (
            operation.delivery == DIRECT
            and operation.state == "queued"
            and operation.arrived_at is None
        )

    def _due(self) -> bool:
        if self.plan.requests or self._in_state("queued"):
            return True
        if self.device.scomo_root == "":
            return False
        if not self.plan.fresh and self._stale():
            return True
        return bool(self._drift())

    def _stale(self) -> bool:
        read = self.device.inventory_at
        return read is None or now() - read > self.place.inventory_age

    def _drift(self) -> list[Package]:
        wanted = policy.drift(self.facts)
        return [package for package in wanted if package.id not in self.plan.tried]

    def _in_state(self, *states: str) -> list[Operation]:
        return [operation for operation in self.operations if operation.state in states]

    def _ask(self) -> list[Step]:
        # An order builds on what is known; a request is judged by what is there right now.
        known = self.device.scomo_root and not self.plan.requests and not self._stale()
        steps = [] if known else self.survey.next_steps()
        if steps:
            return steps
        if not self.device.scomo_root:
            self._give_up()
            return []
        self._decide()
        return self._operate()

    def _give_up(self) -> None:
        self.device.scomo_root = ""
        for operation in self._in_state("queued"):
            move(operation, "failed", NOT_FOUND, "the device has no SCOMO object")
        self.plan.requests = []

    def _decide(self) -> None:
        """Turn requests, then the default software, into operations."""
        for request in (Request(**fields) for fields in self.plan.requests):  # type: ignore[arg-type]
            answer = policy.judge(self.facts, request)
            for package in answer.packages:
                self._create(package, "user" if request.by_user else "device")
            if request.by_user and answer.text:
                self.plan.texts.append(answer.text)
        self.plan.requests = []
        known = self.device.inventory_at is not None
        if known and not self._in_state("queued") and not self._busy():
            for package in self._drift()[:1]:
                self._create(package, "default")

    def _busy(self) -> bool:
        return not all(on_trial(operation) for operation in self._in_state("sent", "running"))

    def _create(self, package: Package, origin: str) -> None:
        self.plan.tried.append(package.id)
        wanted = new_operation(self.device, "install", package.package_id, origin, package)
        added, problem = with_prerequisites(self.device, self.facts, wanted, package)
        if problem:
            event("cannot be installed", self.device.device_id, why=problem)
        for operation in added:
            self.operations.append(operation)
            event(
                "operation",
                self.device.device_id,
                operation=operation.correlator,
                primitive=operation.primitive,
                subject=operation.subject,
                origin=origin,
            )

    def _operate(self) -> list[Step]:
        if self._busy():
            return []
        for operation in self._in_state("queued"):
            lacking = self._needed(operation)
            if lacking is not None:
                if lacking.state in ENDED:
                    words = f"it needs {lacking.subject}, which failed: {lacking.reason}"
                    move(operation, "failed", lacking.code, words)
                continue
            if not self._uri(operation):
                where = "deployed" if operation.primitive not in OF_PACKAGES else "delivered"
                move(operation, "failed", NOT_FOUND, f"not {where} on the device")
                continue
            self.delivery.choose(operation)
            if operation.primitive in OF_PACKAGES and operation.delivery != DELIVERED:
                unknown = self.survey.limits()
                if unknown:
                    return unknown
                words = self.delivery.too_long(operation)
                if words:
                    move(operation, "failed", URI_TOO_LONG, words)
                    continue
            if operation.delivery == DIRECT and operation.arrived_at is None:
                if self.device.large_objects is None:
                    return [Step("large objects", "./DevDetail/LrgObj")]
                code, reason = self.delivery.trouble(operation)
                if code:
                    move(operation, "failed", code, reason)
                    continue
            return [self.delivery.begin(operation)]
        return []

    def _needed(self, operation: Operation) -> Operation | None:
        """The first operation that has to succeed before and has not."""
        for correlator in operation.needs:
            needed = self._operation(correlator)
            if needed.state != "done" and not on_trial(needed):
                return needed
        return None

    # -- commands ---------------------------------------------------------------------------

    def _operation(self, correlator: str) -> Operation:
        return next(found for found in self.operations if found.correlator == correlator)

    def _uri(self, operation: Operation) -> str:
        """The node of an operation; empty when its component or package is not there."""
        return primitives.target(self.device.scomo_root or "", operation, self.facts)

    def build(self, step: Step, room: Callable[[Command], int]) -> Command:
        """The command of a step, not numbered yet.

        Parameters
        ----------
        room
            Tells how many bytes a message has left behind a command.
        """
        if step.kind == "command":
            return commands.build(self._command(step).command)
        if step.kind not in KINDS:
            return BUILDERS[step.kind](step)
        return self.delivery.build(step, self._operation(step.operation), room)

    def sent(self, step: Step) -> None:
        """A step's command is in the message that goes out."""
        if step.kind == "command":
            row = self._command(step)
            row.state, row.session_pk = commands.SENT, self.place.session_pk
        if step.kind in KINDS:
            operation = self._operation(step.operation)
            move(operation, "sent")
            operation.session_pk = self.place.session_pk
            added = step.kind == "deliver" or operation.delivery == "indirect"
            if added and operation.primitive in OF_PACKAGES:
                operation.leftover = True
            if step.kind == "deliver" or operation.primitive == "download":
                self.device.has_delivered = True  # there will be something to be read

    def finished(self, step: Step, outcome: Outcome) -> list[Step]:
        """Take a step's answer.

        Returns
        -------
        list of Step
            What the answer makes necessary, to be asked next.
        """
        return self.answers[step.kind](step, outcome)

    def _deleted(self, step: Step, outcome: Outcome) -> list[Step]:
        self._operation(step.operation).leftover = False
        return []

    def _command(self, step: Step) -> DmCommand:
        return next(row for row in self.facts.commands if str(row.id) == step.operation)

    def _commanded(self, step: Step, outcome: Outcome) -> list[Step]:
        commands.settle(self._command(step), outcome)
        return []

    def _delivered(self, step: Step, outcome: Outcome) -> list[Step]:
        """The node of a direct delivery is there, or not."""
        if settle_delivery(self._operation(step.operation), outcome):
            return [Step("data", operation=step.operation)]
        self._log(step.operation)
        return []

    def _piece_taken(self, step: Step, outcome: Outcome) -> list[Step]:
        operation = self._operation(step.operation)
        total = self.delivery.size(operation)
        if not settle_delivery(operation, outcome):
            self._log(step.operation)
            return []
        if step.offset + step.size < total:
            if outcome.code() == PIECE_TAKEN:
                return [self.delivery.next_piece(step)]
            move(operation, "failed", outcome.code(), "the device takes no large objects")
            return []
        operation.arrived_at = now()
        if operation.primitive == "download":
            move(operation, "done", outcome.code())
            operation.leftover = False
            self.listener.outdate()
            return []
        return [Step("execute", operation=step.operation)]

    def _operated(self, step: Step, outcome: Outcome) -> list[Step]:
        operation = self._operation(step.operation)
        if operation.state == "sent":
            settle_status(operation, outcome)
            self._log(step.operation)
            if operation.state == "done":
                self.listener.outdate()
            self.listener.once_more(operation)
        return []

    def _log(self, correlator: str) -> None:
        operation = self._operation(correlator)
        event(
            "operation",
            self.device.device_id,
            operation=correlator,
            state=operation.state,
            code=operation.code,
        )
