"""A board's file, checked against the schema and read into `BoardDescription`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .. import resources
from ..errors import UscomoError
from .facts import BoardDescription, Flashing, Image, Medium, UsbId, Watchdog

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class DescriptionError(UscomoError):
    """A board's file does not say what such a file has to say."""


def check(path: Path) -> None:
    """Check a board's file against the schema.

    Raises
    ------
    DescriptionError
        It is not TOML, or not of the schema; the message says where.
    """
    import jsonschema

    schema = json.loads((resources.boards() / "schema.json").read_text(encoding="utf-8"))
    problems = jsonschema.Draft202012Validator(schema).iter_errors(_parse(path))
    for problem in sorted(problems, key=lambda problem: str(problem.json_path)):
        raise DescriptionError(f"{path}: {problem.json_path}: {problem.message}")


def _parse(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return data
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path}: {error}") from error


def read(path: Path) -> BoardDescription:
    """Read a board's file, which is of the schema."""
    data = _parse(path)
    identity, console, reset = data["identity"], data["console"], data["reset"]
    mpy, memory, medium = data.get("mpy", {}), data.get("memory", {}), data["medium"]
    tls, port = data.get("tls", {}), data.get("port", "")
    return BoardDescription(
        key=path.stem,
        name=data["name"],
        port=port,
        chip=data["chip"],
        support=data["support"],
        why=data.get("why", ""),
        advice=data.get("advice", ""),
        quirks=tuple(data.get("quirks", ())),
        platforms=tuple(identity.get("platforms", (identity["platform"],))),
        machines=tuple(identity.get("machine", ())),
        usb=tuple(
            UsbId(usb["vid"], usb["pid"], usb["role"], usb["shared"])
            for usb in data.get("usb", ())
        ),
        mpy=mpy.get("version", ""),
        mpy_since=mpy.get("since", ""),
        arch=mpy.get("arch", ""),
        ram=memory.get("ram"),
        heap=memory.get("heap"),
        flash=memory.get("flash"),
        medium=Medium(
            kind=medium["kind"],
            file_system=medium["file_system"],
            survives_power_cut=medium["power_cut"] == "safe",
            start=medium.get("start"),
            size=medium.get("size"),
            block=medium.get("block"),
            erase=medium.get("erase"),
        ),
        console=console["kind"],
        ring_buffer=console.get("ring_buffer"),
        baudrate=console.get("baudrate"),
        reset=reset["method"],
        renumbers=reset["renumbers"],
        flashing=_flashing(data["flashing"]),
        watchdog=_watchdog(data.get("watchdog")),
        sha256=data["hashes"]["sha256"],
        md5=data["hashes"].get("md5", ""),
        tls=tls.get("level", ""),
        tls_heap=tls.get("heap"),
        images=tuple(_image(image, port, path.stem) for image in data.get("images", ())),
        tested=tuple((test["what"], test["how"]) for test in data["tested"]),
    )


def _flashing(data: dict[str, Any]) -> Flashing:
    return Flashing(
        method=data["method"],
        bootloader=data.get("bootloader", ""),
        by_hand=data["by_hand"],
        keeps_files=data["keeps_files"],
        family=data.get("family", 0),
        extra_families=tuple(data.get("extra_families", ())),
        info_ids=tuple(data.get("info_ids", ())),
        start=data.get("start", 0),
        end=data.get("end", 0),
        target=data.get("target", ""),
        chip_id=data.get("chip_id"),
        offset=data.get("offset", 0),
        usb=data.get("usb", ""),
    )


def _watchdog(data: dict[str, Any] | None) -> Watchdog | None:
    if data is None:
        return None
    return Watchdog(data.get("minimum"), data.get("maximum"), data["stoppable"])


def _image(data: dict[str, Any], port: str, key: str) -> Image:
    major, minor, micro = map(int, data["version"].split("."))
    return Image(
        name=data["name"],
        version=(major, minor, micro),
        source=data.get("source", ""),
        sha256=data.get("sha256", ""),
        port=port,
        key=key,
        board=data.get("emulator", ""),
    )
