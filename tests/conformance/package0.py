"""Package 0, as a server makes it (oma-dm.md, section 10)."""

from __future__ import annotations

import hashlib
import socket
import struct

from .credentials import SERVER_PASSWORD, hashed
from .server import SERVER_ID


def package_0(
    session_id: int,
    nonce: bytes,
    version: int = 12,
    server_id: str = SERVER_ID,
    password: str = SERVER_PASSWORD,
) -> bytes:
    """The datagram: digest, then the trigger."""
    name = server_id.encode()
    trigger = struct.pack(">HBH", version << 6 | 1 << 4, 0, 0)
    trigger += struct.pack(">HB", session_id, len(name)) + name
    secret = hashed(f"{server_id}:{password}".encode())
    return hashlib.md5(secret + b":" + nonce + b":" + hashed(trigger)).digest() + trigger


def port() -> int:
    """A free UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
