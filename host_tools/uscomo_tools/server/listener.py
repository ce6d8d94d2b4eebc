"""What a device says by itself: its DevInfo, reports of operations, requests.

A report is matched with its operation by the correlator, or by the executed node where a device
sends none. A request is judged at once by what is known, and again with a fresh inventory.
"""

from __future__ import annotations

from dataclasses import asdict

from uscomo_tools.server import policy, primitives, results
from uscomo_tools.server.log import event
from uscomo_tools.server.models import Device, Operation
from uscomo_tools.server.operations import again_whole, settle_report
from uscomo_tools.server.policy import Facts, Request
from uscomo_tools.server.reports import (
    OPERATION_COMPLETE,
    REQUESTS,
    Result,
    alert_type,
    parse_result,
    text,
)
from uscomo_tools.server.survey import Plan
from uscomo_tools.syncml.message import Command, Item

OK, INCOMPLETE, UNSUPPORTED = 200, 412, 415
#: Of device management; SCOMO's own alerts say `text/plain`.
FORMATS = (
    *(None, "chr", "int", "xml", "b64", "bin", "bool", "date", "float", "null", "time"),
    "text/plain",
)


class Listener:
    """Takes what one device says in a session; adds to the plan and to the operations given."""

    def __init__(
        self, device: Device, facts: Facts, plan: Plan, operations: list[Operation]
    ) -> None:
        self.device = device
        self.facts = facts
        self.plan = plan
        self.operations = operations

    def device_info(self, items: list[Item]) -> int:
        """Keep the DevInfo of package 1."""
        info = {
            item.source.removeprefix("./DevInfo/"): text(item.data)
            for item in items
            if item.source
            and item.source.startswith("./DevInfo/")
            and not (item.meta and item.meta.format == "node")
        }
        if info.items() - self.device.devinfo.items():
            # Another firmware, perhaps: what it lacked may be there now.
            self.device.has_ext = self.device.has_delivered = True
            self.device.large_objects = self.device.uri_limits = None
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
        if not kind or item.data is None:
            return INCOMPLETE
        # Format is required (Protocol 8.7); clients that leave it out mean its default, chr.
        if item.meta and item.meta.format not in FORMATS:
            return UNSUPPORTED
        if kind in OPERATION_COMPLETE:
            result = parse_result(item.data, item.target)
            if result is None:
                return INCOMPLETE
            results.append(result)
            self._learn_root(item.source)
            return OK
        if kind in REQUESTS:
            self._learn_root(item.source)
            return self._request(item, REQUESTS[kind])
        return UNSUPPORTED

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
        elif by_user and answer.text and answer.text not in self.plan.texts:
            self.plan.texts.append(answer.text)
        return answer.status

    def _report(self, command: Command, results: list[Result]) -> None:
        sources = [item.source for item in command.items]
        for operation in self.operations:
            matched = (
                operation.correlator == command.correlator
                if command.correlator
                else operation.state == "running" and self._target(operation) in sources
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
            self.outdate()
            self.once_more(operation)

    def once_more(self, operation: Operation) -> None:
        """Queue the whole package after an update that did not fit."""
        if operation.code != results.UPDATE_DOES_NOT_FIT or not operation.base:
            return
        again = again_whole(operation)
        self.operations.append(again)
        for other in self.operations:
            if operation.correlator in other.needs:
                other.needs = [
                    again.correlator if need == operation.correlator else need
                    for need in other.needs
                ]
        event("whole package", self.device.device_id, operation=again.correlator)

    def outdate(self) -> None:
        """The inventory known is not the device's any more."""
        self.device.inventory_at = None
        self.plan.fresh = False

    def _target(self, operation: Operation) -> str:
        return primitives.target(self.device.scomo_root or "", operation, self.facts)
