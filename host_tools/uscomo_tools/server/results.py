"""What the codes that end an operation mean, in words: the one table of the host.

SCOMO's result codes are the digest's section 7; the vendor ranges (1250..1299, 1450..1499) are
those of the uscomo agent. A device that does not report asynchronously answers the Exec with
such a code or with a plain DM status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SUCCESS, SUCCESS_END = 1200, 1300
ON_TRIAL = 1250
USER_CANCELLED = 1401
UPDATE_DOES_NOT_FIT = 1455

#: A trial that ended with the former version, or with none, in place.
ROLLED_BACK = frozenset({1472, 1473, 1474, 1475})

STANDARD: Mapping[int, str] = {
    1200: "done",
    1400: "the device or its user prevented it",
    1401: "refused by the user",
    1402: "the download failed",
    1403: "the content server did not accept the device",
    1404: "no room on the device for the package",
    1405: "the installation failed",
    1406: "no room on the device for the installation",
    1407: "the package's signature is not one that the device trusts",
    1408: "the device could not remove it; another component may require it",
    1409: "the device could not activate it",
    1410: "the device could not deactivate it; another component may require it",
    1411: "the device does not know this operation",
    1412: "interrupted on the device",
    1413: "made for another environment than the device's",
    1500: "the content server failed",
    1501: "the content server could not be reached",
}
VENDOR: Mapping[int, str] = {
    1250: "installed, on trial",
    1251: "rolled back as ordered",
    1450: "the user did not answer",
    1451: "blocked by the device's white or black list",
    1455: "the update does not fit what is installed",
    1456: "older than what the device may go back to",
    1457: "another component provides the same name",
    1458: "a component that it requires is missing or inactive",
    1472: "trial failed: it raised an exception; rolled back",
    1473: "trial failed: hang, reset or loss of power before it was confirmed; rolled back",
    1474: "trial of a new agent failed: it had no good session; rolled back",
    1475: "trial ended by safe mode; rolled back",
}
STATUSES: Mapping[int, str] = {
    214: "cancelled by the user",
    215: "not executed",
    304: "refused by the user",
    400: "the device calls it malformed",
    403: "forbidden by the device",
    404: "no such node on the device",
    405: "not possible in the component's present state",
    406: "the device does not offer this",
    413: "too large for the device",
    415: "of a type that the device does not take",
    418: "known to the device already",
    420: "no room on the device",
    424: "another size arrived than was announced",
    425: "the device's access list does not allow it",
    500: "the device failed",
    507: "the device undid the whole group of commands",
}
_RANGES = (
    (1250, 1300, "done (code of the vendor)"),
    (1450, 1500, "failed on the device (code of the vendor)"),
    (1550, 1600, "the content server failed (code of the vendor)"),
)


def explain(code: int) -> str:
    """A code in words, without the number."""
    known = STANDARD.get(code) or VENDOR.get(code) or STATUSES.get(code)
    if known:
        return known
    for first, end, words in _RANGES:
        if first <= code < end:
            return words
    return "" if code < 300 or 1200 <= code < 1300 else "failed, for a reason without a name"


def worst(codes: Iterable[int]) -> int:
    """The code that speaks for several: a failure, else a trial that goes on, else the first."""
    found = list(codes)
    failed = [code for code in found if not is_success(code)]
    return (failed or [code for code in found if code == ON_TRIAL] or found)[0]


def is_success(code: int) -> bool:
    """12xx, or the 200 of clients that mix up the two numberings."""
    return SUCCESS <= code < SUCCESS_END or code == 200
