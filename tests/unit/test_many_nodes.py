"""512 persistent nodes need no more heap than a few."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from uscomo_tools.device.agent import agent_files, shrunk
from uscomo_tools.testing.unix import find_micropython

SCRIPT = Path(__file__).parent / "board" / "many_nodes.py"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agent")
    for name, contents in agent_files().items():
        parts = Path(name.lstrip("/")).parts
        place = folder / ("root" if "uscomo_boot" in parts[-1] else "uscomo") / parts[-1]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(contents)
    # The script uses public names of the agent; they are others there.
    (folder / "script.py").write_text(shrunk().script(SCRIPT.read_text()))
    return folder


def run(agent: Path, folder: Path, count: int, heap: int) -> str:
    root = folder / f"{count}-{heap}"
    root.mkdir()
    result = subprocess.run(
        [
            *(find_micropython(), "-X", f"heapsize={heap}k", str(agent / "script.py")),
            *(str(agent), str(root), str(count)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return result.stdout + result.stderr


def test_many_nodes_are_not_held_in_memory(agent: Path, tmp_path: Path) -> None:
    few = next(
        heap for heap in range(48, 256, 8) if "nodes 64 True" in run(agent, tmp_path, 64, heap)
    )
    # What grows is the list of names of one account, and of what the log holds. `few` may be a
    # lucky one of the conservative collector; 448 nodes in memory would take 64 KB more.
    assert "nodes 512 False" in run(agent, tmp_path, 512, few + 32), few
