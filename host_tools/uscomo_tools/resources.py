"""Where the parts lie that are not host Python: board sources, the demo's apps, board data.

In a checkout they lie in ``firmware/`` and ``boards/``; in an installed wheel beside this module.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1] / "firmware"


def agent_sources() -> list[Path]:
    """The modules of the agent's package ``uscomo``."""
    import uscomo

    folder = Path(str(uscomo.__file__)).parent
    return sorted(folder.glob("*.py"))


def board_sources() -> dict[str, str]:
    """Sources of the agent's modules and of stage 0 by name; ``__init__`` is the package."""
    paths = [*agent_sources(), board_root() / "uscomo_boot.py"]
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def board_root() -> Path:
    """The folder with what lies at a board's root: boot.py, main.py, uscomo_boot.py."""
    return _found("root")


def demo_apps() -> Path:
    """The folder with the demo's applications."""
    return _found("demo_apps")


def boards() -> Path:
    """The folder with one file per board and their schema."""
    return _found("boards", _CHECKOUT.parent)


def _found(name: str, checkout: Path = _CHECKOUT) -> Path:
    packed = _HERE / "_resources" / name
    return packed if packed.is_dir() else checkout / name
