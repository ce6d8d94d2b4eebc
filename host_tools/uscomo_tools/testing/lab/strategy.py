"""States that a board in a lab can be in, and the ways between them.

::

    unknown --> off                  its power is off (needs a power driver)
    unknown --> flashed              the wanted firmware runs, and nothing of uscomo is on it
                flashed --> deployed         the agent, no account
                flashed --> enrolled         the agent, with the account of `spec`

Every way leads through `flashed`, which is where all is taken away: what a test finds does not
depend on the one before. Asked for the state that it is in, a board stays as it is.
"""

from __future__ import annotations

import enum
import logging
from typing import Any, ClassVar

import attr
from labgrid.factory import target_factory
from labgrid.protocol import PowerProtocol
from labgrid.strategy import Strategy, StrategyError

from ...device.provision import DeviceSpec

_log = logging.getLogger(__name__)


class Status(enum.Enum):
    """Where a board is; each but the first can be asked for."""

    unknown = 0
    off = 1
    flashed = 2
    deployed = 3
    enrolled = 4


@target_factory.reg_driver
@attr.s(eq=False)
class MicroPythonStrategy(Strategy):
    """Brings a board into a state.

    Attributes
    ----------
    firmware
        The MicroPython version that has to run, as ``1.24.1``; empty: whatever is there.
    always
        Flash at every way through `flashed`, also where the version is the wanted one.
    account
        For ``enrolled``: fields of a device (`DeviceSpec`) by name, ``device_id`` and ``url`` at
        least. The pytest plugin gives each board an account of its own instead (`enrol`).
    """

    bindings: ClassVar[dict[str, Any]] = {
        "board": "MicroPythonDriver",
        "flasher": {"MicroPythonFlashDriver", None},
        "power": {PowerProtocol, None},
    }
    status: Status = attr.ib(default=Status.unknown)
    firmware: str = attr.ib(default="", validator=attr.validators.instance_of(str))
    always: bool = attr.ib(default=False, validator=attr.validators.instance_of(bool))
    account: dict[str, Any] = attr.ib(factory=dict, validator=attr.validators.instance_of(dict))

    def transition(self, status: Any) -> None:
        """Bring the board into a state.

        Raises
        ------
        StrategyError
            It cannot be brought there; what it is in is not known any more.
        """
        wanted = status if isinstance(status, Status) else Status[str(status)]
        if wanted is Status.unknown:
            raise StrategyError("no board is brought into an unknown state")
        if wanted is self.status:
            return
        if wanted is Status.off:
            self._off()
        elif wanted is Status.enrolled:
            self.enrol(self._own_spec())
        else:
            self._flashed()
            if wanted is Status.deployed:
                self._deploy(DeviceSpec("", "", account=""))
        self.status = wanted

    def enrol(self, spec: DeviceSpec) -> None:
        """Bring the board into ``enrolled``, with an account that has been opened for it."""
        self._flashed()
        self._deploy(spec)
        self.status = Status.enrolled

    # -- ways

    def _off(self) -> None:
        if self.power is None:
            raise StrategyError("the board cannot be switched off: no power driver is bound")
        self.target.deactivate(self.board)
        self.target.activate(self.power)
        self.status = Status.unknown
        self.power.off()

    def _on(self) -> None:
        if self.power is not None:
            self.target.activate(self.power)
            self.power.on()
        self.target.activate(self.board)

    def _flashed(self) -> None:
        if self.status is Status.flashed:
            return
        self._on()
        self.status = Status.unknown
        found = "" if self.always else self.board.identify().version
        if self.always or (self.firmware and found != self.firmware):
            self._flash(found)
        self.board.undeploy()
        self.status = Status.flashed
        _log.info("%s: flashed", self.board.url)

    def _flash(self, found: str) -> None:
        if self.flasher is None:
            raise StrategyError(
                f"the board runs MicroPython {found} and not {self.firmware}, and no "
                "MicroPythonFlashDriver is bound that could change it"
            )
        _log.info("%s: flashing %s", self.board.url, self.flasher.image)
        self.target.activate(self.flasher)
        self.flasher.flash()
        self.target.deactivate(self.flasher)
        found = self.board.identify().version
        if self.firmware and found != self.firmware:
            raise StrategyError(
                f"flashed, the board runs MicroPython {found} and not {self.firmware}"
            )

    def _deploy(self, spec: DeviceSpec) -> None:
        self.status = Status.unknown
        self.board.deploy(spec)
        _log.info("%s: deployed", self.board.url)

    def _own_spec(self) -> DeviceSpec:
        try:
            spec = DeviceSpec(**self.account)
        except TypeError as error:
            raise StrategyError(
                f"`account` of the MicroPythonStrategy in the environment: {error}"
            ) from error
        spec.check()
        return spec
