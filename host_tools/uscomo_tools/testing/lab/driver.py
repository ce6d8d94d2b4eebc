"""Drivers of a board in a lab: its verbs over the network, and firmware put on it where it is."""

from __future__ import annotations

import shlex
import socket
import subprocess
from pathlib import Path
from typing import Any, ClassVar

import attr
from labgrid.driver import Driver
from labgrid.factory import target_factory
from labgrid.resource import NetworkSerialPort
from labgrid.step import step
from labgrid.util.managedfile import ManagedFile
from labgrid.util.proxy import proxymanager
from labgrid.util.ssh import sshmanager

from ...board import deploy, deployer
from ...board.connection import Board
from ...board.deployment import Data
from ...board.identity import Identity
from ...board.layout import STORE
from ...device.provision import DeviceSpec
from ...errors import UscomoError
from ..providers import serial
from .resource import MicroPythonBoard

_PORTS = {"NetworkSerialPort", "USBSerialPort", "RawSerialPort"}
_OPEN_SECONDS = 30.0
_FLASH_SECONDS = 600.0
_LAST_WORDS = 2_000


@target_factory.reg_driver
@attr.s(eq=False)
class MicroPythonDriver(Driver):
    """A board's verbs; nothing is open but while a verb runs, so that others can use the port."""

    bindings: ClassVar[dict[str, Any]] = {"port": _PORTS, "board": MicroPythonBoard}

    @property
    def url(self) -> str:
        """Where the board is, for `Board.open` and any other program with pyserial."""
        if not isinstance(self.port, NetworkSerialPort):
            return str(self.port.port)
        host, port = proxymanager.get_host_and_port(self.port)
        if self.port.protocol == "raw":
            return f"socket://{host}:{port}"
        # The modem lines are left alone: on many boards they are the reset.
        return f"rfc2217://{host}:{port}?ign_set_control"

    def open(self) -> Board:
        """Open the board for its verbs; a context manager."""
        return Board.open(self.url, wait=_OPEN_SECONDS)

    @Driver.check_active
    @step(result=True)
    def identify(self) -> Identity:
        """Ask the board what it is."""
        with self.open() as board:
            return board.identify()

    @Driver.check_active
    @step()
    def undeploy(self) -> None:
        """Take the agent away, with all its data; files of others stay."""
        with self.open() as board:
            board.soft_reset()
            found = deploy.look(board)
            if found.generation or found.folders or found.library or found.new is not None:
                deployer.undeploy_board(board, Data.REMOVE)
            if found.store and deploy.look(board).store:
                board.remove(STORE, recursive=True)

    @Driver.check_active
    @step()
    def deploy(self, spec: DeviceSpec) -> None:
        """Put the agent on the board, and what a device gets at the factory.

        Parameters
        ----------
        spec
            Without a device id: no account either.
        """
        with self.open() as board:
            serial.equip(board, spec)


@target_factory.reg_driver
@attr.s(eq=False)
class MicroPythonFlashDriver(Driver):
    """Puts firmware on a board, by a command on the host that the board is plugged into.

    Attributes
    ----------
    image
        Name of the firmware's file among the environment's ``images``.
    command
        What flashes; ``{image}`` and ``{port}`` are filled in. It must not ask.
    """

    bindings: ClassVar[dict[str, Any]] = {"port": _PORTS, "board": MicroPythonBoard}
    image: str = attr.ib(validator=attr.validators.instance_of(str))
    command: str = attr.ib(
        default="uscomo board flash {image} --port {port} --yes",
        validator=attr.validators.instance_of(str),
    )

    @Driver.check_active
    @step()
    def flash(self) -> None:
        """Flash the board; nobody may have its port open.

        Raises
        ------
        UscomoError
            The command failed; the message has its last words.
        """
        path = Path(self.target.env.config.get_image_path(self.image))
        prefix: list[str] = []
        if not self._is_here():
            copy = ManagedFile(str(path), self.port)
            copy.sync_to_resource()
            path = Path(copy.get_remote_path())
            prefix = [*sshmanager.get(self.port.host).get_prefix(), "--"]
        values = {"image": shlex.quote(str(path)), "port": shlex.quote(self._path())}
        command = self.command.format(**values)
        done = subprocess.run(
            [*prefix, command] if prefix else shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_FLASH_SECONDS,
        )
        if done.returncode:
            raise UscomoError(f"{command}: {done.stdout[-_LAST_WORDS:].strip()}")

    def _is_here(self) -> bool:
        if not isinstance(self.port, NetworkSerialPort):
            return True
        return self.port.host in ("localhost", "127.0.0.1", "::1", socket.gethostname())

    def _path(self) -> str:
        extra: dict[str, Any] = getattr(self.port, "extra", None) or {}
        path = str(self.board.path or extra.get("path", ""))
        if not path and not isinstance(self.port, NetworkSerialPort):
            path = str(self.port.port)
        if not path:
            raise UscomoError(
                "which port is flashed? Its exporter does not say: `path` of MicroPythonBoard"
            )
        return path
