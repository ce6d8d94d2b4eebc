"""What a case works with: devices on one interpreter, a scripted server, and packages.

A device is the firmware as it stands, in a process: CPython or the MicroPython VM, sockets on
loopback, its store in a folder of the host. A reset ends the process, and starts the next one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from uscomo_tools.device.provision import DeviceSpec, provision
from uscomo_tools.package import Component, SigningKey, pack
from uscomo_tools.package.rules import Header
from uscomo_tools.syncml.message import Command, Item, Message
from uscomo_tools.testing.unix import RESET_EXIT, find_micropython

from .server import COMPLETE, SERVER_ID, ScriptedServer, Session, Turn, get

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware"
INTERPRETERS = ("cpython", "micropython")
#: From source, which costs heap that a board with .mpy files keeps.
_HEAP = "768k"
_PATIENCE = 60.0
_MAX_STARTS = 20

DEVICE_ID = "urn:uscomo:conformance"
ENV = "micropython"


@cache
def signing_key(name: str) -> SigningKey:
    """A key for all cases of this process."""
    return SigningKey.generate(2048)


def package(
    *names: str,
    release: int = 1,
    id: str = "",
    size: int = 0,
    noise: int = 0,
    app: bool = False,
    env: str = ENV,
    key: str = "trusted",
) -> bytes:
    """A package with a component for each name.

    Parameters
    ----------
    size
        Bytes of zeros that each component brings along.
    noise
        Bytes that no compression makes fewer.
    app
        Components have an entry, so that they are on trial.
    """
    components = []
    files = {}
    for name in names:
        components.append(
            Component(
                id=f"com.example.{name}",
                name=name.capitalize(),
                version=f"{release}.0",
                release=release,
                dir=name,
                env=env,
                entry=name if app else None,
                provides=(name,),
            )
        )
        files[f"{name}/{name}.py"] = b"async def main():\n    pass\n# %d\n" % release
        if size:
            files[f"{name}/zeros"] = bytes(size)
        if noise:
            files[f"{name}/noise"] = os.urandom(noise)
    header = Header(id=id or f"com.example.{names[0]}", components=tuple(components))
    return pack(header, files, signing_key(key))


@dataclass
class Report:
    """One Item of an OperationComplete alert."""

    session: Session
    alert: Command
    item: Item

    @property
    def code(self) -> int:
        return int(self._element("ResultCode"))

    @property
    def identifier(self) -> str:
        return self._element("Identifier")

    def _element(self, name: str) -> str:
        text = (self.item.data or b"").decode()
        return text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]


@dataclass
class Run:
    """What a device did from power-on until it rested."""

    sessions: list[Session]
    #: The agent's lines, without their prefix, a list for each start.
    starts: list[list[str]]
    #: What else stood on the console.
    printed: list[str]
    #: Exit code of the last process; None: the power was cut.
    exit: int | None

    @property
    def said(self) -> list[str]:
        return [line for start in self.starts for line in start]

    def statuses(self, place: str) -> list[int]:
        """The values that the Status of a node went through, as the agent told them."""
        found: list[int] = []
        for line in self.said:
            words = line.split()
            # One that is told twice has not changed.
            if words[:2] == ["status", place] and found[-1:] != [int(words[2])]:
                found.append(int(words[2]))
        return found

    def reports(self) -> list[Report]:
        """All that was reported to servers that answered."""
        return [
            Report(session, alert, item)
            for session in self.sessions
            if session.sent
            for alert in session.alerts(COMPLETE)
            for item in alert.items
        ]

    def report(self) -> Report:
        """The only report."""
        (found,) = self.reports()
        return found

    def codes(self) -> dict[str | None, int]:
        """Result codes by correlator."""
        return {report.alert.correlator: report.code for report in self.reports()}


class Device:
    """One device; `run` powers it on until it rests."""

    def __init__(self, bench: Bench, folder: Path, spec: DeviceSpec, nodes: dict[str, str]):
        self.bench = bench
        self.server = bench.server
        self.base = "./" + spec.scomo_root
        self.root = folder / "uscomo.d"
        folder.mkdir()
        provision(spec, folder)
        if nodes:
            _set_nodes(self.root, nodes)

    def run(
        self,
        *turns: list[Command] | Turn,
        ask: tuple[str, str, str] | None = ("check", "", ""),
        free: int | None = None,
        cut: str = "",
        typed: str | None = None,
        bootstrap: tuple[bytes, str] | None = None,
        **given_too: Any,
    ) -> Run:
        """Power on; hold a session in which the server says these turns, and all that follows.

        Parameters
        ----------
        ask
            What the user does first: kind of request, id, cause.
        free
            How many bytes the flash has left.
        cut
            Cut the power when the agent says a line that begins so.
        typed
            What the user types at the console, as if all at once; then nobody is there.
        bootstrap
            A bootstrap message, and the PIN that the user gives with it, before anything else.
        given_too
            What else `board/device.py` is given.
        """
        server = self.server
        before = len(server.sessions)
        answered = sum(bool(session.sent) for session in server.sessions)
        del server.script[answered:]
        server.script += [[]] * (answered - len(server.script))
        server.script.append([t if isinstance(t, Turn) else Turn(t) for t in turns])
        given = {
            "path": [str(FIRMWARE), str(FIRMWARE / "root")],
            "root": str(self.root),
            "ask": [ask] if ask else [],
            "free": free,
            "hold": cut,
            "seed": self.bench.seed,
            "bootstrap": bootstrap and [str(self._letter(bootstrap[0])), bootstrap[1]],
            **given_too,
        }
        starts: list[list[str]] = []
        printed: list[str] = []
        while len(starts) < _MAX_STARTS:
            lines: list[str] = []
            starts.append(lines)
            code = self._start(given, lines, printed, cut, typed)
            given["ask"] = []
            given["bootstrap"] = None
            if code != RESET_EXIT:
                break
        assert not server.failures, server.failures
        run = Run(server.sessions[before:], starts, printed, code)
        assert code != RESET_EXIT, f"the device never comes to rest: {run.said[-8:]}"
        assert code in (None, 0, 3, 4, 5), f"exit {code}: {printed[-20:]}"
        return run

    def _letter(self, message: bytes) -> Path:
        # What is put on a device by a cable: an argument of MicroPython has 255 bytes.
        path = self.root.parent / "letter"
        path.write_bytes(message)
        return path

    def _start(
        self,
        given: dict[str, Any],
        lines: list[str],
        printed: list[str],
        cut: str,
        typed: str | None = None,
    ) -> int | None:
        orders = self.root.parent / "given.json"
        orders.write_text(json.dumps(given))
        process = subprocess.Popen(
            [*self.bench.command, str(orders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None
        assert process.stdin is not None
        if typed is not None:
            process.stdin.write(typed)
            process.stdin.close()
        timer = threading.Timer(_PATIENCE, process.kill)
        timer.start()
        dead = False
        try:
            for line in process.stdout:
                line = line.rstrip("\n")
                if not line.startswith("uscomo: "):
                    printed.append(line)
                    continue
                lines.append(line[8:])
                if cut and line[8:].startswith(cut):
                    dead = True
                    process.kill()
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.stdout.close()
            process.stdin.close()
        return None if dead else code

    # -- what its server can read

    def tree(self, below: str = "", account: str = "/dm") -> dict[str, str]:
        """Leaves below a node of the SCOMO object, read in a session; paths are relative to it."""
        base = self.base + ("/" + below if below else "")
        wanted = get(base + "?list=StructData")
        run = self.run([wanted])
        (session,) = (s for s in run.sessions if s.account == account and id(wanted) in s.places)
        check(session.status(wanted), 200)
        found = {}
        for uri, item in session.results(wanted).items():
            if not item.meta or item.meta.format != "node":
                found[uri[len(base) :].lstrip("/")] = (item.data or b"").decode()
        return found

    def uri(self, path: str) -> str:
        """A path below the SCOMO object as URI."""
        return f"{self.base}/{path}"


class Bench:
    """A server and devices of one interpreter; `close` ends what was started."""

    def __init__(self, interpreter: str, seed: int | None = None) -> None:
        self.interpreter = interpreter
        #: What the devices' random octets are made of; None: they are random.
        self.seed = seed
        self._folder = TemporaryDirectory(prefix="uscomo-conformance-")
        self.server = ScriptedServer()
        script = str(HERE / "board" / "device.py")
        if interpreter == "micropython":
            self.command = [find_micropython(), "-X", f"heapsize={_HEAP}", script]
        else:
            shim = f"import sys; sys.path.insert(0, {str(HERE.parent / 'device' / 'cpython')!r})"
            load = f"{shim}; import runpy; runpy.run_path({script!r})"
            self.command = [sys.executable, "-I", "-u", "-c", load]
        self._made = 0

    def close(self) -> None:
        self.server.stop()
        self._folder.cleanup()

    def device(
        self,
        settings: dict[str, str] | None = None,
        nodes: dict[str, str] | None = None,
        **fields: Any,
    ) -> Device:
        """A factory-fresh device with an account on the server.

        Parameters
        ----------
        settings
            The device's settings; by themselves the user agrees, and nothing has to wait.
        nodes
            What else was provisioned, by key.
        fields
            Of its `DeviceSpec`.
        """
        self._made += 1
        usual = {"retry": "20", "confirm_after": "0", "consent": "yes"}
        chosen = {
            "device_id": DEVICE_ID,
            "url": self.server.url + "/dm",
            "server_id": SERVER_ID,
            "auth": "none",
            "server_auth": "none",
            "anchors": [signing_key("trusted").public.modulus],
            **fields,
        }
        spec = DeviceSpec(**chosen)
        extra = {f"~set/{key}": text for key, text in (usual | (settings or {})).items()}
        folder = Path(self._folder.name) / f"device{self._made}"
        return Device(self, folder, spec, extra | (nodes or {}))


def _set_nodes(root: Path, values: dict[str, str]) -> None:
    # With the board's own writer, as `provision` does.
    import uscomo_boot
    from uscomo.nodes import Nodes
    from uscomo.store import Store

    before = uscomo_boot.ROOT
    uscomo_boot.ROOT = str(root)
    try:
        opened = Nodes(Store())
        for key, text in values.items():
            opened.set(key, text.encode())
        opened.commit()
    finally:
        uscomo_boot.ROOT = before


def has_alert(message: Message) -> bool:
    """Whether a client's message reports a result."""
    kinds = [i.meta.type for c in message.commands for i in c.items if i.meta and c.data == "1226"]
    return any(kind and kind.endswith(COMPLETE) for kind in kinds)


def check(value: object, expected: object) -> None:
    """Compare, with both in the message: cases run outside pytest too."""
    assert value == expected, f"{value!r} instead of {expected!r}"
