"""What most cases do: prepare a download, start a primitive, deliver a package directly."""

from __future__ import annotations

from uscomo_tools.package.rules import PACKAGE_TYPE
from uscomo_tools.syncml.message import Command

from .bench import Bench, Device, Report, Run, check, package
from .server import Session, execute, leaf

ID = "com.example.one"
DEPLOYED = f"Inventory/Deployed/{ID}"
DIRECT = "Inventory/Delivered/direct"


def prepare(device: Device, name: str, url: str, id: str = ID, **leaves: str) -> list[Command]:
    """A download of the server: a node and its leaves."""
    place = device.uri(f"Download/{name}")
    values = {"PkgID": id, "PkgURL": url, **leaves}
    return [
        leaf("Add", place),
        *(leaf("Add", f"{place}/{key}", value) for key, value in values.items()),
    ]


def start(device: Device, place: str, primitive: str, correlator: str | None = "c-1") -> Command:
    """Exec of a primitive of a place below the SCOMO object."""
    return execute(device.uri(f"{place}/Operations/{primitive}"), correlator)


def operate(
    device: Device, place: str, primitive: str, correlator: str | None = "c-1", expect: int = 202
) -> Run:
    """Run one primitive to its end; its Exec is answered as expected."""
    wanted = start(device, place, primitive, correlator)
    run = device.run([wanted])
    check(session_of(run, wanted).status(wanted), expect)
    return run


def fetch(
    device: Device,
    primitive: str,
    url: str,
    name: str = "p1",
    correlator: str | None = "c-1",
    id: str = ID,
    **leaves: str,
) -> Run:
    """Prepare a download and run one of its primitives to its end."""
    wanted = start(device, f"Download/{name}", primitive, correlator)
    prepared = prepare(device, name, url, id, **leaves)
    run = device.run([*prepared, wanted])
    session = session_of(run, wanted)
    for command in prepared:
        check(session.status(command), 200)
    check(session.status(wanted), 202)
    return run


def installed(bench: Bench, primitive: str = "DownloadInstall", **fields: object) -> Device:
    """A device with one component, and nothing else left to say."""
    device = bench.device(**fields)  # type: ignore[arg-type]
    url = bench.server.publish("one", package("one"))
    run = fetch(device, primitive, url)
    check(run.codes(), {"c-1": 1200})
    return device


def deliver(device: Device, data: bytes, id: str = ID) -> list[Command]:
    """A package in one message: direct delivery."""
    place = device.uri(DIRECT)
    return [
        leaf("Add", place),
        leaf("Add", f"{place}/PkgID", id),
        leaf("Add", f"{place}/Data", data, "bin", type=PACKAGE_TYPE),
    ]


def delivered(bench: Bench, data: bytes | None = None, **fields: object) -> Device:
    """A device with one package delivered, directly."""
    device = bench.device(**fields)  # type: ignore[arg-type]
    commands = deliver(device, data or package("one"))
    session = device.run(commands).sessions[0]
    for command in commands:
        check(session.status(command), 200)
    return device


def session_of(run: Run, command: Command) -> Session:
    """The session in which a command went to the device."""
    return next(session for session in run.sessions if id(command) in session.places)


def target(device: Device, report: Report) -> str:
    """Where a report says that its result is, relative to the SCOMO object."""
    uri = report.item.target or ""
    assert uri.startswith(device.base + "/"), f"Target {uri!r}"
    return uri[len(device.base) + 1 :]


def assert_report(
    device: Device, report: Report, source: str, place: str | None, code: int, identifier: str
) -> None:
    """An OperationComplete as scomo.md 5.2 describes it."""
    check(report.item.source, device.uri(source))
    check(report.item.target, None if place is None else device.uri(place))
    check((report.code, report.identifier), (code, identifier))
    meta = report.item.meta
    assert meta, "no Meta"
    assert meta.format, "no Format"
    mark = "informational" if code < 1300 else "warning" if code == 1401 else "critical"
    check(meta.mark, mark)


def subset(values: dict[str, str], **expected: str) -> None:
    """Some leaves have these values."""
    check({name: values.get(name) for name in expected}, expected)
