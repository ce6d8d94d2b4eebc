"""One line per event, with the device and what it is about: ``event device=... key=value``."""

from __future__ import annotations

import logging

logger = logging.getLogger("uscomo.server")


def event(name: str, device: str, **fields: object) -> None:
    """Log an event of a device."""
    if logger.isEnabledFor(logging.INFO):
        words = " ".join(f"{key}={value!r}" for key, value in fields.items())
        logger.info("%s device=%r %s", name, device, words)
