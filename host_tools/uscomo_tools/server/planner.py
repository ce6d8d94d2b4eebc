"""The SCOMO side of a session: what the device said, and what to ask it next.

Order of the questions: delete what finished installations left behind; find the management
object by its identifier; read the inventory; then one operation at a time, because a device that
works on one may refuse the next. When nothing is due nothing is asked. The rules are those of
the digest's sections 3 to 5 and 10; what to install is the policy's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from uscomo_tools.server import policy
from uscomo_tools.server.log import event
from uscomo_tools.server.models import Device, Operation, Package, now
from uscomo_tools.server.operations import (
    ENDED,
    move,
    new_operation,
    settle_report,
    settle_status,
)
from uscomo_tools.server.policy import Facts, Request
from uscomo_tools.server.reports import (
    OPERATION_COMPLETE,
    REQUESTS,
    Result,
    alert_type,
    parse_result,
    text,
)
from uscomo_tools.server.steps import BUILDERS, Outcome, Step, execute, install
from uscomo_tools.server.survey import Plan, Survey
from uscomo_tools.syncml.message import Command, Item

OK, NOT_FOUND, INCOMPLETE, UNSUPPORTED = 200, 404, 412, 415


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when the planner works: the session's row, the content's URL, the patience."""

    session_pk: int
    base_url: str
    report_timeout: float
    inventory_age: float


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
        self.answers: dict[str, Callable[[Step, Outcome], list[Step]]] = {
            **self.survey.answers,
            "delete": self._deleted,
            "display": lambda step, outcome: [],
            "operate": self._operated,
        }

    # -- what the device says ---------------------------------------------------------------

    def device_info(self, items: list[Item]) -> int:
        """Keep the DevInfo of package 1."""
        info = {
            item.source.removeprefix("./DevInfo/"): text(item.data)
            for item in items
            if item.source
            and item.source.startswith("./DevInfo/")
            and not (item.meta and item.meta.format == "node")
        }
        self.device.devinfo = {**self.device.devinfo, **info}
        return OK

    def alert(self, command: Command) -> int:
        """Take a generic alert; its Status covers all of its Items."""
        results: list[Result] = []
        codes = [self._alert_item(item, results) for item in command.items]
        if results:
            self._report(command, results)
        return max(codes, default=INCOMPLETE)

    def _alert_item(self, item: Item, results: list[Result]) -> int:
        kind = alert_type(item.meta.type if item.meta else None)
        if kind in OPERATION_COMPLETE:
            result = parse_result(item.data)
            if result is None:
                return INCOMPLETE
            results.append(result)
            self._learn_root(item.source)
            return OK
        if kind in REQUESTS:
            self._learn_root(item.source)
            return self._request(item, REQUESTS[kind])
        return UNSUPPORTED if kind else INCOMPLETE

    def _learn_root(self, uri: str | None) -> None:
        root = (uri or "").split("/Download/")[0].split("/Inventory/")[0].rstrip("/")
        if not self.device.scomo_root and root.startswith("./") and "?" not in root:
            self.device.scomo_root = root

    def _request(self, item: Item, by_user: bool) -> int:
        _, _, node = (item.source or "").partition("/Inventory/Deployed/")
        request = Request(by_user, package=text(item.data), node=node.rstrip("/"))
        answer = policy.judge(self.facts, request)
        event("request", self.device.device_id, wanted=request, status=answer.status)
        if not answer.sure:
            if asdict(request) not in self.plan.requests:
                self.plan.requests.append(asdict(request))
        elif by_user and answer.text not in self.plan.texts:
            self.plan.texts.append(answer.text)
        return answer.status

    def _report(self, command: Command, results: list[Result]) -> None:
        sources = [item.source for item in command.items]
        for operation in self.operations:
            matched = (
                operation.correlator == command.correlator
                if command.correlator
                else operation.state == "running" and self._uri(operation) in sources
            )
            if matched:
                break
        else:
            event("report of nothing", self.device.device_id, correlator=command.correlator)
            return
        if settle_report(operation, results):
            event(
                "report",
                self.device.device_id,
                operation=operation.correlator,
                state=operation.state,
                code=operation.code,
            )
            self._outdate()

    def _outdate(self) -> None:
        self.device.inventory_at = None
        self.plan.fresh = False

    # -- what to ask it next ----------------------------------------------------------------

    def next_steps(self) -> list[Step]:
        """The steps due now; none ends the session."""
        self.survey.close()
        self._pick_up()
        steps = self._leftovers()
        if self._due():
            steps += self._ask()
        steps += [Step("display", text=told) for told in self.plan.texts]
        self.plan.texts = []
        return steps

    def _pick_up(self) -> None:
        """Requeue what another session lost, and stop waiting for reports that never came."""
        for operation in self.operations:
            if operation.state == "sent" and operation.session_pk != self.place.session_pk:
                move(operation, "queued")
            waited = now() - operation.changed_at
            if operation.state == "running" and waited > self.place.report_timeout:
                move(operation, "failed", None, "no report")

    def _leftovers(self) -> list[Step]:
        return [
            Step(
                "delete",
                f"{self.device.scomo_root}/Download/{operation.correlator}",
                operation.correlator,
            )
            for operation in self.operations
            if operation.leftover and operation.state in ENDED
        ]

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
        step = self.survey.next_step()
        if step is not None:
            return [step]
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
        if known and not self._in_state("queued", "sent", "running"):
            for package in self._drift()[:1]:
                self._create(package, "default")

    def _create(self, package: Package, origin: str) -> None:
        self.plan.tried.append(package.id)
        operation = new_operation(self.device, "install", package.package_id, origin, package)
        self.operations.append(operation)
        event(
            "operation",
            self.device.device_id,
            operation=operation.correlator,
            install=package.package_id,
            version=package.version,
            origin=origin,
        )

    def _operate(self) -> list[Step]:
        if self._in_state("sent", "running"):
            return []
        for operation in self._in_state("queued"):
            if self._uri(operation):
                return [Step("operate", operation=operation.correlator)]
            move(operation, "failed", NOT_FOUND, "not deployed on the device")
        return []

    # -- commands ---------------------------------------------------------------------------

    def _operation(self, correlator: str) -> Operation:
        return next(found for found in self.operations if found.correlator == correlator)

    def _uri(self, operation: Operation) -> str:
        """The executable node of an operation; empty when the component is not deployed."""
        root = self.device.scomo_root
        if operation.primitive == "install":
            return f"{root}/Download/{operation.correlator}/Operations/DownloadInstall"
        for component in self.facts.components:
            if component.component_id == operation.subject:
                node = f"{root}/Inventory/Deployed/{component.node}"
                return f"{node}/Operations/{operation.primitive.capitalize()}"
        return ""

    def build(self, step: Step) -> Command:
        """The command of a step, not numbered yet."""
        if step.kind != "operate":
            return BUILDERS[step.kind](step)
        operation = self._operation(step.operation)
        if operation.primitive != "install":
            return execute(self._uri(operation), operation.correlator)
        package = next(p for p in self.facts.packages if p.id == operation.package_pk)
        url = f"{self.place.base_url}/content/{package.sha256}.dd"
        return install(self.device.scomo_root or "", operation, package, url)

    def sent(self, step: Step) -> None:
        """A step's command is in the message that goes out."""
        if step.kind == "operate":
            operation = self._operation(step.operation)
            move(operation, "sent")
            operation.session_pk = self.place.session_pk
            operation.leftover = operation.primitive == "install"

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

    def _operated(self, step: Step, outcome: Outcome) -> list[Step]:
        operation = self._operation(step.operation)
        if operation.state == "sent":
            settle_status(operation, outcome)
            event(
                "operation",
                self.device.device_id,
                operation=operation.correlator,
                state=operation.state,
                code=operation.code,
            )
            if operation.state == "done":
                self._outdate()
        return []
