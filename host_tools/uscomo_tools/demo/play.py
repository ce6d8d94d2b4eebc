"""The order of the demo: the founding document's flows, then what happens to an app over time."""

from __future__ import annotations

import secrets
from pathlib import Path

from ..server.runner import RunningServer, ServerSettings
from . import first, later
from .result import Listener, Result
from .stage import Stage

SCENES = (
    first.build_and_publish,
    first.bootstrap,
    first.install_on_request,
    first.default_software,
    later.update_on_request,
    later.crash,
    later.notification,
    later.power_cut,
    later.agent_update,
    first.server_driven,
    first.compare,
)


def play(folder: Path, listener: Listener, yes: bool, result: Result) -> None:
    """Play all steps in a folder; server and device have ended when this returns.

    ``result`` is filled step by step, so that it tells how far a failed demo came.

    Raises
    ------
    UscomoError
        A step failed; what it was and why. `RefusedError` when the user said no.
    """
    settings = ServerSettings(folder / "server", secrets.token_urlsafe(24))
    with RunningServer(settings) as server:
        stage = Stage(folder, listener, server, yes, result)
        try:
            for scene in SCENES:
                scene(stage)
        finally:
            stage.close()
