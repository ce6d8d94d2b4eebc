"""Fetch a firmware image from where its publisher has it, and believe it by its hash.

Where no hash is listed, the connection has to be the publisher's word: https, and nothing else.
Nothing lands in the cache before it is whole and checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx

from ..errors import RefusedError, UnreachableError
from . import firmware_cache
from .description import Image, load
from .firmware_cache import FirmwareError
from .flash.image import examine

MOST_BYTES = 32 * 1024 * 1024  # larger than any board's flash

_SECONDS = 30.0
_CHUNK = 65536


def download(image: Image, progress: Callable[[int, int], None]) -> Path:
    """Fetch an image into the cache.

    Parameters
    ----------
    progress
        Called with the bytes so far and in all (0 when the server does not say).

    Raises
    ------
    FirmwareError
        Nobody knows where it is published.
    RefusedError
        What came is not that image, or its source cannot be believed.
    UnreachableError
        The server cannot be reached, or does not have it.
    """
    if not image.source:
        raise FirmwareError(
            f"where {image.name} is published is not known; a file of it is taken by "
            f"`uscomo board firmware add`"
        )
    content = _fetch(image, progress)
    digest = hashlib.sha256(content).hexdigest()
    if image.sha256 and digest != image.sha256:
        raise RefusedError(
            f"{image.source} is not {image.name}: its SHA-256 is {digest}, not {image.sha256}; "
            f"nothing was kept"
        )
    examine(content, load(image.key))
    target = firmware_cache.folder() / image.name
    firmware_cache.keep(target, content, digest)
    return target


def _fetch(image: Image, progress: Callable[[int, int], None]) -> bytes:
    content = bytearray()
    try:
        with (
            httpx.Client(follow_redirects=True, timeout=_SECONDS) as client,
            client.stream("GET", image.source) as answer,
        ):
            plain = [one.url for one in (*answer.history, answer) if one.url.scheme != "https"]
            if plain and not image.sha256:
                raise RefusedError(
                    f"{plain[0]} is not https, and no SHA-256 of {image.name} is known: "
                    f"nothing would say what it is"
                )
            if answer.status_code != 200:
                raise UnreachableError(f"{answer.url}: {answer.status_code}, no image there")
            total = int(answer.headers.get("content-length", 0))
            for chunk in answer.iter_bytes(_CHUNK):
                content += chunk
                if len(content) > MOST_BYTES:
                    raise RefusedError(f"{answer.url}: more than {MOST_BYTES} bytes, no image")
                progress(len(content), total)
    except httpx.HTTPError as error:
        raise UnreachableError(f"{image.source}: {error or type(error).__name__}") from error
    return bytes(content)
