"""The agent as a package, so that devices can be given a newer one like any application."""

from __future__ import annotations

import re
from collections.abc import Mapping

from uscomo import devinfo

from .build import Project, Source
from .rules import AGENT, Component, PackageError

_MODULES = f"lib/{AGENT}/"
_MAX_PART = 1000


def agent_version() -> str:
    """What the agent calls itself in DevInfo/DmV."""
    return str(dict(devinfo.values({}))["DmV"])


def release_of(version: str) -> int:
    """A release number that grows with versions such as 1.2.3: 1002003.

    Raises
    ------
    PackageError
        The version is not one to three numbers below 1000.
    """
    parts = version.split(".")
    if not all(re.fullmatch(r"\d{1,3}", part) for part in parts) or len(parts) > 3:
        raise PackageError(f"version {version!r}: no release follows from it; give --release")
    release = 0
    for number in range(3):
        release = release * _MAX_PART + int(parts[number] if number < len(parts) else 0)
    return release


def agent_project(
    board_files: Mapping[str, bytes], version: str | None = None, release: int | None = None
) -> Project:
    """The project of the agent's package, with component id ``uscomo``.

    Parameters
    ----------
    board_files
        What a deployed board holds, path -> contents, as `device.agent.agent_files` compiles it.
        Stage 0 at the board's root is no part of the component.
    version
        The agent's own by default.
    release
        What `release_of` makes of the version by default.
    """
    version = version or agent_version()
    files = {
        path.removeprefix("lib/"): content
        for path, content in board_files.items()
        if path.startswith(_MODULES)
    }
    component = Component(
        id=AGENT,
        name="uscomo agent",
        version=version,
        release=release_of(version) if release is None else release,
        dir="agent",
        env="",
        provides=(AGENT,),
        agent=True,
    )
    return Project(AGENT, (Source(component, files),))
