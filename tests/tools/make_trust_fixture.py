"""Writes tests/device/trust_fixture.py: trust statements, endorsements, a package signed so.

Run it from the repository's root after a change of the formats. Keys are made anew and thrown
away. Made byte by byte and not by the host's tools, which are tested against these too.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

from cryptography.hazmat.primitives.asymmetric import rsa
from make_package_fixture import PLAIN, judged, lines, literal, table

from uscomo_tools.package import SigningKey
from uscomo_tools.package.build import compress, tar
from uscomo_tools.package.rules import MANIFEST, SIGNATURE, Header

TARGET = Path(__file__).parents[1] / "device" / "trust_fixture.py"
ENDORSE = b"uscomo endorse\n"
TRUST = b"uscomo trust\n"
FILES = {"app/app.py": b"1", "app/logo.bin": b"2" * 600}


def small_key() -> SigningKey:
    """A key that the host's tools would not make."""
    key = SigningKey.__new__(SigningKey)
    key._key = rsa.generate_private_key(65537, 1024)
    modulus = key._key.public_key().public_numbers().n.to_bytes(128, "big")
    key_id = hashlib.sha256(modulus).hexdigest()[:16]
    key.public = SimpleNamespace(modulus=modulus, key_id=key_id)
    return key


def endorsement(
    anchor: SigningKey, key: SigningKey, manifest: bytes, start: bytes = ENDORSE
) -> bytes:
    """A `manifest.sig` of type 2."""
    modulus = key.public.modulus
    head = b"\x02" + bytes.fromhex(key.public.key_id) + len(modulus).to_bytes(2, "big")
    endorser = bytes.fromhex(anchor.public.key_id)
    return head + modulus + endorser + anchor.sign(start + modulus) + key.sign(manifest)


def endorsements(
    anchor: SigningKey, key: SigningKey, other: SigningKey
) -> dict[str, tuple[bytes, bool]]:
    """Blocks for the manifest b"message", and whether they are right."""
    message = b"message"
    right = endorsement(anchor, key, message)
    foreign = endorsement(other, key, message)
    at = 11 + 256  # of the endorser
    large = SigningKey.generate(4096)
    return {
        "right": (right, True),
        "4096 bits": (endorsement(anchor, large, message), True),
        "the anchor's own key": (endorsement(anchor, anchor, message), True),
        "by a key that is no anchor": (foreign, False),
        "by such a key in an anchor's name": (right[: at + 8] + foreign[at + 8 :], False),
        "by itself": (endorsement(key, key, message), False),
        "statement for endorsement": (
            endorsement(anchor, key, message, TRUST + b"\x01"),
            False,
        ),
        "endorsement of another key": (
            right[:at] + endorsement(anchor, other, message)[at:-256] + right[-256:],
            False,
        ),
        "manifest signed by the anchor": (right[:-256] + anchor.sign(message), False),
        "another manifest": (endorsement(anchor, key, b"Message"), False),
        "another key's id": (right[:1] + bytes.fromhex(other.public.key_id) + right[9:], False),
        "modulus said to be shorter": (right[:9] + b"\x00\xff" + right[11:], False),
        "modulus said to be longer": (right[:9] + b"\x01\x01" + right[11:], False),
        "modulus said to be endless": (right[:9] + b"\xff\xff" + right[11:], False),
        "no modulus": (right[:9] + b"\x00\x00" + right[at:], False),
        "a byte more": (right + b"\x00", False),
        "a byte less": (right[:-1], False),
        "1024 bits": (endorsement(anchor, small_key(), message), False),
    }


def statement(
    anchor: SigningKey, action: int, payload: bytes, signed: bytes | None = None
) -> bytes:
    """A trust statement; `signed` is what the signature is over."""
    head = bytes([action])
    signature = anchor.sign(TRUST + head + payload if signed is None else signed)
    return head + bytes.fromhex(anchor.public.key_id) + payload + signature


def statements(keys: dict[str, SigningKey]) -> dict[str, bytes]:
    """Who adds or revokes whom, and what nobody may say."""
    made = {}
    for signer, anchor in keys.items():
        for name, about in keys.items():
            made[f"{signer} adds {name}"] = statement(anchor, 1, about.public.modulus)
            subject = bytes.fromhex(about.public.key_id)
            made[f"{signer} revokes {name}"] = statement(anchor, 2, subject)
    first, second = keys["first"], keys["second"]
    modulus = second.public.modulus
    right = made["first adds second"]
    return made | {
        "malformed: short key": statement(first, 1, modulus[1:]),
        "malformed: even key": statement(first, 1, modulus[:-1] + b"\x00"),
        "malformed: key without top bit": statement(first, 1, b"\x7f" + modulus[1:]),
        "malformed: long key": statement(first, 1, b"\xff" * 513),
        "malformed: short id": statement(first, 2, bytes(7)),
        "malformed: long id": statement(first, 2, bytes(9)),
        "malformed: no payload": statement(first, 1, b""),
        "malformed: action 3": statement(first, 3, modulus),
        "malformed: action 0": statement(first, 0, modulus),
        "malformed: a byte less": right[:-1],
        "malformed: too long": right + bytes(1100),
        "malformed: a byte more": right[:-256] + b"\x02" + right[-256:],
        "unsigned: endorsement": statement(first, 1, modulus, ENDORSE + modulus),
        "unsigned: without action": statement(first, 1, modulus, TRUST + modulus),
        "unsigned: another action": statement(first, 1, modulus, TRUST + b"\x02" + modulus),
        "unsigned: by another": right[:-256] + second.sign(TRUST + b"\x01" + modulus),
    }


def main() -> None:
    keys = {name: SigningKey.generate() for name in ("first", "second", "third")}
    first, second, third = keys.values()
    header = Header("com.example.package", (PLAIN,)).encode()
    manifest = header + "".join(line + "\n" for line in lines(FILES)).encode()
    signature = endorsement(first, second, manifest)
    package = tar([(MANIFEST, manifest), (SIGNATURE, signature), *FILES.items()])
    out = [
        "# Made by tests/tools/make_trust_fixture.py; base64 throughout.",
        "# fmt: off",
        "KEY_IDS = {",
        *(f'    "{name}": "{key.public.key_id}",' for name, key in keys.items()),
        "}",
        *table("MODULI", {name: key.public.modulus for name, key in keys.items()}),
        "# With the second key, endorsed by the first one.",
        f"PACKAGE = {literal(compress(package))}",
        "# name, manifest.sig of type 2 for b'message', whether it is good where the first is the",
        "# only anchor",
        *judged("ENDORSEMENTS", endorsements(first, second, third)),
        *table("STATEMENTS", statements(keys)),
    ]
    TARGET.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
