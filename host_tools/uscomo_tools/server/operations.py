"""The life of an operation: queued -> sent -> running -> done, failed or refused.

Two things end an operation: the Status of its Exec when the device works synchronously or
refuses, and the OperationComplete that follows a 202. A report is counted once; one that comes
after the server gave up waiting still counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from uscomo_tools.server.models import Device, Operation, Package, now
from uscomo_tools.server.reports import USER_CANCELLED, Result
from uscomo_tools.server.steps import Outcome

PRIMITIVES = ("install", "activate", "deactivate", "remove")
ENDED = frozenset({"done", "failed", "refused"})

_IN_PROGRESS = frozenset({101, 202})
_USER_SAID_NO = frozenset({304, 214})
_NOT_EXECUTED = 215


def new_operation(
    device: Device,
    primitive: str,
    subject: str,
    origin: str,
    package: Package | None = None,
    ask: str | None = None,
) -> Operation:
    """An operation that waits for the device's next session.

    Parameters
    ----------
    subject
        Package id of an installation, component id of the other primitives.
    origin
        ``operator``, ``default``, ``user`` or ``device``: who wanted it.
    ask
        Who asks the user; as published when absent.
    """
    return Operation(
        device_pk=device.id,
        correlator=secrets.token_hex(4),
        primitive=primitive,
        origin=origin,
        subject=subject,
        package_pk=package.id if package else None,
        ask=ask or (package.ask if package else "device"),
        state="queued",
        reason="",
        leftover=False,
        created_at=now(),
        changed_at=now(),
    )


def move(operation: Operation, state: str, code: int | None = None, reason: str = "") -> None:
    """Put an operation into a state."""
    operation.state, operation.code, operation.reason = state, code, reason
    operation.changed_at = now()


def settle_status(operation: Operation, outcome: Outcome) -> None:
    """Draw the conclusion from the Statuses of the command that carried the operation."""
    executed, asked = outcome.code("Exec"), outcome.code("Alert")
    if executed in _IN_PROGRESS:
        move(operation, "running")
    elif asked in _USER_SAID_NO:
        operation.leftover = False  # the commands behind the question were not executed
        move(operation, "refused", asked, "refused by the user")
    elif executed in (0, _NOT_EXECUTED):
        code = next((code for _, code in outcome.codes if code >= 300), executed)
        move(operation, "failed", code, "not executed")
    else:
        _end(operation, Result(executed), "refused by the device")


def settle_report(operation: Operation, results: Sequence[Result]) -> bool:
    """Draw the conclusion from an OperationComplete.

    Returns
    -------
    bool
        False when the operation had been reported before: nothing changes then.
    """
    if operation.reported_at is not None:
        return False
    worst = next((result for result in results if not result.success), results[0])
    _end(operation, worst, "reported by the device")
    operation.reported_at = now()
    return True


def _end(operation: Operation, result: Result, reason: str) -> None:
    if result.success:
        move(operation, "done", result.code)
    elif result.code == USER_CANCELLED:
        move(operation, "refused", result.code, "refused by the user")
    else:
        move(operation, "failed", result.code, reason)
