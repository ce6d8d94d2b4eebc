"""The developer's key: made once, kept, private."""

from __future__ import annotations

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from uscomo_tools.board.local.keys import developer_key, developer_public_key, local_folder
from uscomo_tools.package.rules import PackageError


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(lambda _: developer_key(tmp_path).public, range(4)))
    assert set(keys) == {developer_public_key(tmp_path)}
    assert keys[0].verify(developer_key(tmp_path).sign(b"data"), b"data")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USCOMO_LOCAL", str(tmp_path / "own"))
    developer_key()
    (path,) = (tmp_path / "own").glob("*.pem")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(local_folder().stat().st_mode) == 0o700


def test_a_broken_key_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "developer-key.pem"
    path.write_text("lost")
    with pytest.raises(PackageError, match="developer-key"):
        developer_key(tmp_path)
    assert path.read_text() == "lost"
