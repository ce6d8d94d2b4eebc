"""Boards with an agent and the account `local`, and what a user does with them at a cable."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from uscomo_tools import resources
from uscomo_tools.board.connection import Board
from uscomo_tools.board.local.account import local_provisioning
from uscomo_tools.board.local.cable import Listener
from uscomo_tools.board.local.management import Management
from uscomo_tools.device.agent import agent_files
from uscomo_tools.device.provision import DeviceSpec, provision, provision_folder
from uscomo_tools.testing.providers import unix
from uscomo_tools.testing.providers.provided import FLASH, ServedBoard
from uscomo_tools.testing.unix import make_image

DEVICE_ID = "urn:uscomo:cabled"


def provisioned(
    root: Path,
    key_folder: Path,
    url: str = "http://127.0.0.1:9/dm",
    device_id: str = DEVICE_ID,
    **more,
) -> None:
    """A device's store: an account `main` with another server, and `local`."""
    settings = {"confirm_after": "1", **more.pop("settings", {})}
    spec = DeviceSpec(device_id, url, settings=settings, **more)
    provision(spec, root)
    provision_folder(local_provisioning(key_folder), root)


def flash_image(folder: Path, key_folder: Path, **more) -> Path:
    """A flash image of the unix board in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        provisioned(Path(name), key_folder, **more)
        make_image(folder / FLASH, agent_files(), Path(name))
    return folder


def app_folder(
    folder: Path,
    text: str,
    version: str = "1.0.0",
    release: int = 1,
    id: str = "com.example.hello",
) -> Path:
    """A project of one module, as a developer has it."""
    folder.mkdir(parents=True, exist_ok=True)
    name = id.rpartition(".")[2]
    (folder / "uscomo.toml").write_text(
        f'[package]\nid = "{id}"\n\n[[component]]\nid = "{id}"\n'
        f'version = "{version}"\nrelease = {release}\nentry = "{name}"\n'
    )
    (folder / f"{name}.py").write_text(text)
    return folder


def demo_app(folder: Path) -> Path:
    """The demo's blinking application."""
    shutil.copytree(resources.demo_apps() / "blink", folder)
    return folder


class Talk:
    """What the user of a terminal sees, and says."""

    def __init__(self, answer: str = "y") -> None:
        self.answer = answer
        self.events: list[str] = []
        self.output: list[str] = []
        self.questions: list[str] = []

    def listener(self) -> Listener:
        return Listener(
            lambda words: self.events.append(" ".join(words)), self.output.append, self._asked
        )

    def _asked(self, question: str) -> str:
        self.questions.append(question)
        return self.answer


@contextmanager
def managed(url: str, key_folder: Path, talk: Talk) -> Iterator[Management]:
    with Board.open(url) as board:
        yield Management(board, talk.listener(), key_folder)


@contextmanager
def unix_board(folder: Path, key_folder: Path, **more) -> Iterator[ServedBoard]:
    """A unix board that is switched on."""
    with unix.start(flash_image(folder, key_folder, **more)) as board:
        yield board


def pico_files(root: Path, key_folder: Path) -> dict[str, bytes]:
    """What lies on the flash of an emulated Pico, by path."""
    root.mkdir()
    provisioned(root, key_folder, type="rp2", settings={"confirm_after": "5"})
    found = {f"/{name}": contents for name, contents in agent_files().items()}
    for path in root.rglob("*"):
        name = f"/{path.relative_to(root).as_posix()}"
        if path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[name + "/keep"] = b""  # files only can be put on its flash
    return found
