"""The labgrid provider: a board of a lab, reserved for a test and given back after it.

A process of its own holds the place: labgrid's connections, threads and event loop stay out of
the test's, and the place is given back when the test's process ends, however it does. The state
is brought about by the `MicroPythonStrategy` of the environment's target ``main``.

Besides what labgrid reads, these options of an environment file count:

``uscomo_filters``
    Which places will do, as for ``labgrid-client reserve``. Without it, the place that the
    target's ``RemotePlace`` names.
``uscomo_patience``
    Seconds to wait for a free one; an hour by default.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...device.provision import DeviceSpec
from ...device.tls import Tls
from ...errors import UsageError, UscomoError
from ..states import ENROLLED
from .provided import ServedBoard, board_folder, served_folder
from .serving import Control, ready

_PATIENCE = 3600
_COORDINATOR = "127.0.0.1:20408"  # labgrid's own default
_TARGET = "main"
_RESERVED = "+"  # labgrid's word for the place of a reservation
_TICK = 0.5


def features(path: str) -> frozenset[str]:
    """What an environment file says that its boards have: ``features`` of it and its target.

    Raises
    ------
    UsageError
        There is no such file, or labgrid is not installed.
    """
    config = _config(path)
    target = config.get_targets().get(_TARGET)
    if target is None:
        raise UsageError(f"{path}: no target {_TARGET}")
    return frozenset({*config.get_features(), *target.get("features", ())})


def _config(path: str) -> Any:
    try:
        from labgrid.config import Config
    except ImportError as missing:
        raise UsageError(
            f"--board labgrid:{path} needs labgrid, in an environment of its own: "
            "pip install 'uscomo[labgrid,test]'"
        ) from missing
    if not Path(path).is_file():
        raise UsageError(f"--board labgrid:{path}: no such file")
    return Config(path)


def start(path: str, state: str, spec: DeviceSpec | None = None) -> ServedBoard:
    """Reserve a board, wait for it, bring it into a state.

    Parameters
    ----------
    path
        The environment file.
    state
        One of `states.STATES`.
    spec
        What is to be on an enrolled one.
    """
    folder, temporary = board_folder(None)
    board = _LabBoard(f"labgrid:{path}", __name__, [path], features(path), folder, temporary)
    try:
        board.reach(state, spec)
    except BaseException:
        board.stop()
        raise
    return board


class _LabBoard(ServedBoard):
    # Others may have the board for long, and slow lines take theirs; a place is given back by
    # three calls of labgrid-client.
    _answer_seconds = 2 * _PATIENCE
    _end_seconds = 60.0

    def reach(self, state: str, spec: DeviceSpec | None) -> None:
        wanted = None
        if spec is not None:
            wanted = json.loads(json.dumps(asdict(spec), default=bytes.hex))
        self._channel.ask("reach", state=state, spec=wanted)


def _spec(told: Mapping[str, Any]) -> DeviceSpec:
    # Octets came as hexadecimal text.
    tls = {**told["tls"], "authorities": _octets(told["tls"]["authorities"])}
    tls |= {name: bytes.fromhex(tls[name]) for name in ("certificate", "key")}
    return DeviceSpec(**{**told, "anchors": _octets(told["anchors"]), "tls": Tls(**tls)})


def _octets(texts: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


# -- the process that holds the place


class _Place:
    """A place that is ours: its target and strategy."""

    def __init__(self, environment: Any) -> None:
        self._target = environment.get_target(_TARGET)
        self._strategy = self._target.get_driver("MicroPythonStrategy", activate=False)

    @property
    def url(self) -> str:
        return str(self._strategy.board.url)

    def reach(self, state: str, spec: Mapping[str, Any] | None) -> None:
        if state == ENROLLED and spec is not None:
            self._do(self._strategy.enrol, _spec(spec))
        else:
            self._do(self._strategy.transition, "flashed" if state == "bare" else state)

    def off(self) -> None:
        self._do(self._strategy.transition, "off")

    def on(self) -> None:
        if self._strategy.power is None:
            raise UscomoError("the board cannot be switched on: no power driver is bound")
        self._target.activate(self._strategy.power)
        self._do(self._strategy.power.on)

    def state(self) -> dict[str, Any]:
        power = self._strategy.power
        if power is None:
            return {"on": True, "status": self._strategy.status.name}
        self._target.activate(power)
        return {"on": bool(power.get()), "status": self._strategy.status.name}

    def _do(self, function: Any, *arguments: Any) -> None:
        from labgrid.binding import BindingError
        from labgrid.driver import ExecutionError
        from labgrid.strategy import StrategyError

        try:
            function(*arguments)
        except (BindingError, ExecutionError, StrategyError) as error:
            raise UscomoError(str(getattr(error, "msg", error))) from error

    def close(self) -> None:
        self._target.cleanup()


def serve(path: str) -> None:
    """Hold a place of the lab until standard input ends."""
    from labgrid.environment import Environment
    from labgrid.factory import target_factory

    from ..lab.place import reserved

    environment = Environment(path)
    config = environment.config
    resources, _ = target_factory.normalize_config(config.get_targets()[_TARGET])
    names = list(resources.get("RemotePlace", {}))
    filters = str(config.get_option("uscomo_filters", ""))
    if len(names) != 1 or (filters == "") == (names[0] == _RESERVED):
        raise UsageError(
            f"{path}: the target {_TARGET} has one RemotePlace: a place's name, or {_RESERVED!r} "
            "and the option uscomo_filters"
        )
    coordinator = config.get_option(
        "coordinator_address", os.environ.get("LG_COORDINATOR", _COORDINATOR)
    )
    patience = float(config.get_option("uscomo_patience", _PATIENCE))
    control = Control({})
    with reserved(
        str(coordinator), filters or f"name={names[0]}", patience, lambda: bool(ready(0, control))
    ):
        place = _Place(environment)
        try:
            control = Control(
                {"reach": place.reach, "off": place.off, "on": place.on, "state": place.state}
            )
            control.announce(place.url)
            while not control.is_orphan:
                if ready(_TICK, control) and not control.serve():
                    return
        finally:
            place.close()


def _main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    with served_folder():
        try:
            serve(sys.argv[2])
        except (UscomoError, KeyboardInterrupt) as error:
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
                sys.stdout.flush()
            sys.exit(getattr(error, "exit_code", 1))


if __name__ == "__main__":
    _main()
