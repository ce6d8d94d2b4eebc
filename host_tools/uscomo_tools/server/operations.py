"""The life of an operation: queued -> sent -> running -> done, failed or refused.

Two things end an operation: the Status of its Exec when the device works synchronously or
refuses, and the OperationComplete that follows a 202. Each component is counted once, whether
its report comes alone or with others; one that comes after the server gave up waiting still
counts. Code 1250 ends nothing: the component is installed and on trial, and what becomes of it
is reported later.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from uscomo_tools.server import policy, results
from uscomo_tools.server.models import Device, Operation, Package, now
from uscomo_tools.server.policy import OPEN_STATES, Facts
from uscomo_tools.server.primitives import DIRECT, INDIRECT
from uscomo_tools.server.reports import Result
from uscomo_tools.server.steps import Outcome

ENDED = frozenset({"done", "failed", "refused"})

_IN_PROGRESS = frozenset({101, 202})
_USER_SAID_NO = frozenset({304, 214})
_NOT_EXECUTED = 215
_NO_ANSWER = "the device did not say what became of it"


@dataclass(frozen=True, slots=True)
class Terms:
    """How an operation is to be done.

    ``ask`` says who asks the user (None: as published); ``delivery`` how a package gets there;
    ``install_params`` and ``reboot`` go to the device as they are, empty ones do not.
    """

    ask: str | None = None
    delivery: str = INDIRECT
    install_params: str = ""
    reboot: str = ""


def new_operation(
    device: Device,
    primitive: str,
    subject: str,
    origin: str,
    package: Package | None = None,
    ask: str | None = None,
    terms: Terms | None = None,
    value: bytes = b"",
) -> Operation:
    """An operation that waits for the device's next session.

    Parameters
    ----------
    subject
        Package id of an operation on a package, component id of the other primitives.
    origin
        ``operator``, ``default``, ``user`` or ``device``: who wanted it.
    ask
        Who asks the user, where there are no `terms`.
    value
        What is written, where the primitive writes a value.
    """
    terms = terms or Terms(ask)
    return Operation(
        device_pk=device.id,
        correlator=secrets.token_hex(4),
        primitive=primitive,
        origin=origin,
        subject=subject,
        package_pk=package.id if package else None,
        ask=terms.ask or (package.ask if package else "device"),
        delivery=terms.delivery,
        install_params=terms.install_params,
        reboot=terms.reboot,
        value=value,
        base="",
        whole=False,
        needs=[],
        results=[],
        state="queued",
        reason="",
        leftover=False,
        created_at=now(),
        changed_at=now(),
    )


def with_prerequisites(
    device: Device, facts: Facts, operation: Operation, package: Package | None
) -> tuple[list[Operation], str]:
    """An operation behind all that has to be done before it.

    Parameters
    ----------
    package
        Whose requirements count: those of what is to become active.

    Returns
    -------
    tuple of list of Operation and str
        What is new, in order; and why it cannot be done, empty if it can.
    """
    if package is None or operation.primitive not in ("install", "activate"):
        return [operation], ""
    wanted, problem = policy.prerequisites(facts, package)
    added: list[Operation] = []
    chain: list[str] = []
    for first in wanted:
        open_one = next(
            (
                present
                for present in facts.operations
                if present.state in OPEN_STATES
                and (present.primitive, present.subject) == (first.primitive, first.subject)
            ),
            None,
        )
        if open_one is None:
            terms = Terms(operation.ask if first.package else None)
            open_one = new_operation(
                device,
                first.primitive,
                first.subject,
                operation.origin,
                first.package,
                terms=terms,
            )
            open_one.needs = list(chain)
            added.append(open_one)
        chain.append(open_one.correlator)
    operation.needs = chain
    return ([], problem) if problem else ([*added, operation], "")


def move(operation: Operation, state: str, code: int | None = None, reason: str = "") -> None:
    """Put an operation into a state."""
    operation.state, operation.code, operation.reason = state, code, reason
    operation.changed_at = now()


def on_trial(operation: Operation) -> bool:
    """Whether all is installed, and only the trial goes on: the device may do other things."""
    return operation.state == "running" and operation.code == results.ON_TRIAL


def settle_delivery(operation: Operation, outcome: Outcome) -> bool:
    """Draw the conclusion from the Statuses of a direct delivery's nodes or last chunk.

    Returns
    -------
    bool
        Whether the delivery goes on.
    """
    refused = _refusal(outcome)
    code = max((code for _, code in outcome.codes), default=0)
    if refused:
        move(operation, "refused", refused, results.explain(refused))
    elif not code or min(code for _, code in outcome.codes) == 0:
        move(operation, "failed", code, _NO_ANSWER)
    elif code >= 300:
        move(operation, "failed", code, results.explain(code))
    return operation.state == "sent"


def settle_status(operation: Operation, outcome: Outcome) -> None:
    """Draw the conclusion from the Statuses of the command that carried the operation."""
    executed, refused = outcome.code("Exec"), _refusal(outcome)
    if not any(name == "Exec" for name, _ in outcome.codes):
        executed = outcome.code()  # a value was written: nothing is reported later
    if executed in _IN_PROGRESS:
        move(operation, "running")
    elif refused:
        if operation.delivery != DIRECT:
            operation.leftover = False  # the commands behind the question were not executed
        move(operation, "refused", refused, results.explain(refused))
    elif executed in (0, _NOT_EXECUTED):
        code = next((code for _, code in outcome.codes if code >= 300), executed)
        move(operation, "failed", code, results.explain(code) or _NO_ANSWER)
    else:
        _end(operation, executed)


def _refusal(outcome: Outcome) -> int:
    asked = outcome.code("Alert")
    return asked if asked in _USER_SAID_NO else 0


def settle_report(operation: Operation, reported: Sequence[Result]) -> bool:
    """Draw the conclusion from an OperationComplete, which may speak for some components only.

    Returns
    -------
    bool
        False when all of it had been reported before: nothing changes then.
    """
    known = {entry["key"]: entry for entry in operation.results}
    fresh: dict[str, dict[str, Any]] = {}
    for result in reported:
        key = result.identifier or result.node
        code = results.worst([fresh[key]["code"], result.code]) if key in fresh else result.code
        fresh[key] = {"key": key, "id": result.identifier, "node": result.node, "code": code}
    added = {key: entry for key, entry in fresh.items() if _counts(known.get(key), entry)}
    if not added:
        return False
    operation.results = list({**known, **added}.values())
    code = results.worst(entry["code"] for entry in operation.results)
    if code == results.ON_TRIAL:
        move(operation, "running", code, results.explain(code))
    else:
        _end(operation, code)
        operation.reported_at = now()
    return True


def _counts(before: dict[str, Any] | None, entry: dict[str, Any]) -> bool:
    """Whether a component's result is news: the first, or the end of a trial."""
    interim = before is not None and before["code"] == results.ON_TRIAL
    return before is None or (interim and entry["code"] != results.ON_TRIAL)


def _end(operation: Operation, code: int) -> None:
    if results.is_success(code):
        reason = results.explain(code) if code > results.SUCCESS else ""
        move(operation, "done", code, reason)
    elif code == results.USER_CANCELLED:
        move(operation, "refused", code, results.explain(code))
    else:
        move(operation, "failed", code, results.explain(code))


def explain_roll_backs(operation: Operation, facts: Facts) -> None:
    """Complete what a roll-back left: the version that runs now, and the component's last words.

    To be called with the first inventory read after the report.
    """
    if not any(_unexplained(entry) for entry in operation.results):
        return
    entries, told = [], []
    for entry in operation.results:
        component = next(
            (
                row
                for row in facts.components
                if row.component_id == entry["id"] or (entry["node"] and row.node == entry["node"])
            ),
            None,
        )
        if _unexplained(entry):
            version = component.version if component and component.active else ""
            error = component.last_error if component else ""
            entry = {**entry, "version": version, "error": error}
            name = entry["id"] or operation.subject
            told.append(f"{name}: {roll_back_in_words(entry)}")
        entries.append(entry)
    operation.results = entries
    operation.reason = "; ".join(told)


def _unexplained(entry: dict[str, Any]) -> bool:
    return entry["code"] in results.ROLLED_BACK and "version" not in entry


def roll_back_in_words(entry: dict[str, Any]) -> str:
    """Why a component was rolled back, and to what."""
    words = results.explain(entry["code"])
    words += f" to {entry['version']}" if entry["version"] else ", nothing of it is active"
    return words + (f" ({entry['error']})" if entry["error"] else "")


def again_whole(operation: Operation) -> Operation:
    """The same operation with the whole package, after an update that did not fit.

    A new correlator, so that a late repetition of the old report cannot end it. Who asks the user
    asks again: more travels than was agreed to, and a device that is not asked for asks by itself.
    """
    return Operation(
        device_pk=operation.device_pk,
        correlator=secrets.token_hex(4),
        primitive=operation.primitive,
        origin=operation.origin,
        subject=operation.subject,
        package_pk=operation.package_pk,
        ask=operation.ask,
        delivery=operation.delivery,
        install_params=operation.install_params,
        reboot=operation.reboot,
        value=b"",
        base="",
        whole=True,
        needs=list(operation.needs),
        results=[],
        state="queued",
        reason="the whole package, because the update did not fit",
        leftover=False,
        created_at=now(),
        changed_at=now(),
    )
