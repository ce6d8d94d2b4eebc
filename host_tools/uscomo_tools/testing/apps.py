"""Applications under test: a folder becomes a signed package."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..package import Abi, Project, Source, build
from .dm_server import DmServer


@dataclass(frozen=True)
class BuiltApp:
    """A signed package.

    Attributes
    ----------
    id
        Of the package: what a board's user asks for.
    component
        Id of its (first) component: what is installed.
    version
        Of that component.
    data
        The package.
    """

    id: str
    component: str
    version: str
    data: bytes


class AppBuilder:
    """Builds and signs packages; `published` ones a board can ask for.

    Parameters
    ----------
    folder
        What relative paths start from: the test's own folder.
    """

    def __init__(self, folder: Path, server: DmServer, abi: Abi | None = None) -> None:
        self._folder = folder
        self._server = server
        self._abi = abi

    def __call__(
        self, folder: str | Path, *, version: str = "", release: int | None = None
    ) -> BuiltApp:
        """Build a folder with a ``uscomo.toml``.

        Parameters
        ----------
        version, release
            In place of those of its components.
        """
        project = Project.load(self._folder / folder)
        sources = []
        for source in project.sources:
            component = source.component
            if version:
                component = replace(component, version=version)
            if release is not None:
                component = replace(component, release=release)
            sources.append(Source(component, source.files))
        project = replace(project, sources=tuple(sources))
        data = build(project, self._server.key, self._abi)
        first = project.sources[0].component
        return BuiltApp(project.id, first.id, first.version, data)

    def published(
        self, folder: str | Path, *, version: str = "", release: int | None = None
    ) -> BuiltApp:
        """Build a folder and put the package into the server's catalogue."""
        built = self(folder, version=version, release=release)
        self._server.publish(built.data)
        return built
