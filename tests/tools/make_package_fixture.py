"""Writes tests/device/package_fixture.py: packages and signatures for the device tests.

Run it from the repository's root after a change of the format. Keys are made anew and thrown
away; broken packages are signed like good ones, so that they fail for one reason only.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from uscomo_tools.package import SigningKey
from uscomo_tools.package.build import compress, tar
from uscomo_tools.package.rules import MANIFEST, SIGNATURE, Component, Header
from uscomo_tools.package.sign import sign_manifest

TARGET = Path(__file__).parents[1] / "device" / "package_fixture.py"

PLAIN = Component(
    id="com.example.app",
    name="App",
    version="1.0.0",
    release=1,
    dir="app",
    env="micropython",
    entry="app",
    provides=("app", "applib"),
)
LIBRARY = Component(
    id="com.example.lib",
    name="Lib",
    version="2.1",
    release=7,
    dir="lib",
    env="micropython;mpy=6.3",
    provides=("lib",),
)
FILES = {
    "app/app.py": b"def main():\n    pass\n",
    "app/applib/__init__.py": b"",
    "app/applib/deep/er/code.py": b"x = 1\n" * 200,
    "app/assets/logo.bin": bytes(range(256)) * 2,
    "lib/lib.py": b"y = 2\n",
}


def lines(files: dict[str, bytes]) -> list[str]:
    return [
        f"{hashlib.sha256(content).hexdigest()} {len(content)} {path}"
        for path, content in files.items()
    ]


def package(key: SigningKey, first: bytes, rows: list[str], files: dict[str, bytes]) -> bytes:
    """The uncompressed package, with whatever is wrong with its parts."""
    manifest = first + "".join(row + "\n" for row in rows).encode()
    signature = sign_manifest(manifest, key)
    return tar([(MANIFEST, manifest), (SIGNATURE, signature), *files.items()])


def packages(key: SigningKey, other: SigningKey) -> dict[str, bytes]:
    both = Header("com.example.package", (PLAIN, LIBRARY), ("unix", "rp2")).encode()
    first = Header("com.example.package", (PLAIN,)).encode()
    good = package(key, both, lines(FILES), FILES)
    small = {"app/app.py": b"1"}

    def one(files: dict[str, bytes], rows: list[str] | None = None) -> bytes:
        return compress(package(key, first, lines(files) if rows is None else rows, files))

    def headed(**changes: object) -> bytes:
        fields = json.loads(first)
        fields["components"][0].update(changes)
        line = json.dumps(fields, separators=(",", ":")).encode() + b"\n"
        return compress(package(key, line, lines(small), small))

    flat = package(key, first, lines(small), small)
    flipped = bytearray(flat)
    flipped[flat.index(b"manifest.sig") + 512 + 100] ^= 1
    wrong_hash = lines(small)[0]
    wrong_hash = ("0" if wrong_hash[0] != "0" else "1") + wrong_hash[1:]
    named = {"app/app.py": b"1", "app/z.txt": b"2"}
    renamed = package(key, first, lines(named), {"app/app.py": b"1", "app/y.txt": b"2"})
    return {
        "good": compress(good),
        "unknown_key": compress(package(other, first, lines(small), small)),
        "wrong_signature": compress(bytes(flipped)),
        "wrong_hash": one(small, [wrong_hash]),
        "wrong_env": headed(env="micropython;mpy=5.2"),
        "no_env": headed(env=None),
        "no_provides": headed(provides=[]),
        "no_components": compress(
            package(key, b'{"format":1,"id":"a","components":[]}\n', lines(small), small)
        ),
        "twice_provided": headed(provides=["app", "app"]),
        "release_no_number": headed(release="1"),
        "entry_elsewhere": headed(entry="other"),
        "reserved": headed(provides=["app", "json"]),
        "header_too_long": headed(name="n" * 1024),
        "header_no_json": compress(package(key, b"{}{\n", lines(small), small)),
        "header_format": compress(
            package(key, first.replace(b'"format":1', b'"format":2'), lines(small), small)
        ),
        "traversal": one({"app/../../evil.py": b"1"}),
        "absolute": one({"/app/app.py": b"1"}),
        "hidden": one({"app/.ssh": b"1"}),
        "component_file": one({"app/Component": b"1", "app/app.py": b"1"}),
        "too_deep": one({"app/applib/2/3/4/5/6/code.py": b"1"}),
        "no_such_component": one({"bpp/app.py": b"1"}),
        "undeclared_module": one({"app/app.py": b"1", "app/json/__init__.py": b"1"}),
        "reserved_folder": one({"app/json/data.txt": b"1"}),
        "descending": one({"app/b.txt": b"1", "app/app.py": b"1"}),
        "twice": one({}, lines({"app/app.py": b"1"}) * 2),
        "line_too_long": one(small, [lines(small)[0] + "y" * 256]),
        "line_no_size": one(small, [lines(small)[0].replace(" 1 ", " -1 ")]),
        "no_files": one({}),
        "too_many_files": one({}, lines({f"app/{i:03}": b"" for i in range(301)})),
        "too_large": one({}, [f"{'0' * 64} 9000000 app/app.py"]),
        "manifest_too_large": compress(
            package(key, first, lines({f"app/{i:05}": b"" for i in range(800)}), {})
        ),
        "other_name": compress(renamed),
        "missing_file": one({"app/app.py": b"1"}, lines(named)),
        "one_file_more": compress(package(key, first, lines(small), named)),
        "component_without_file": compress(package(key, both, lines(small), small)),
        "no_end": compress(flat[:-1024]),
        "tail_in_tar": compress(flat + bytes(512)),
        "tail_in_file": compress(flat) + b"!",
        "bad_crc": compress(flat)[:-8] + bytes(8),
        "window_15": compress(
            package(key, first, lines(far()), far()),
            window_bits=15,
        ),
    }


def far() -> dict[str, bytes]:
    # What repeats lies more than 4 KB apart; the rest shrinks well at any distance.
    words = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(8))
    return {"app/app.py": words + b"\n" * 6000 + words}


def signatures(private: rsa.RSAPrivateKey) -> dict[str, tuple[bytes, bool]]:
    """Blocks raised to the private exponent: the one right one, and forgers' favourites."""
    numbers = private.private_numbers()
    n = numbers.public_numbers.n
    digest = hashlib.sha256(b"message").digest()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    no_null = bytes.fromhex("302f300b0609608648016503040201 0420") + digest
    sha1 = bytes.fromhex("3021300906052b0e03021a05000414") + digest[:20]

    def padded(content: bytes, start: bytes = b"\x00\x01", fill: bytes = b"\xff") -> bytes:
        return start + fill * (256 - 3 - len(content)) + b"\x00" + content

    blocks = {
        "right": padded(info),
        "short padding, garbage behind": b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + bytes(194),
        "encryption padding": padded(info, b"\x00\x02"),
        "zero padding": padded(info, b"\x00\x00", b"\x00"),
        "no NULL": padded(no_null),
        "SHA-1": padded(sha1),
        "other digest": padded(info[:-1] + bytes([info[-1] ^ 1])),
    }
    made = {
        name: pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(256, "big")
        for name, block in blocks.items()
    }
    return {name: (value, name == "right") for name, value in made.items()}


def literal(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    pieces = [text[i : i + 88] for i in range(0, len(text), 88)]
    return "(\n" + "".join(f'        "{piece}"\n' for piece in pieces) + "    )"


def main() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    out = [
        "# Made by tests/tools/make_package_fixture.py; base64 throughout.",
        "# fmt: off",
        f'KEY_ID = "{key.public.key_id}"',
        f"MODULUS = {literal(key.public.modulus)}",
        "PACKAGES = {",
        *(f'    "{name}": {literal(data)},' for name, data in packages(key, other).items()),
        "}",
    ]
    private = rsa.generate_private_key(65537, 2048)
    modulus = private.public_key().public_numbers().n.to_bytes(256, "big")
    out += [
        f"RSA_MODULUS = {literal(modulus)}",
        "# name, signature of b'message', whether it is good",
        "RSA_SIGNATURES = (",
        *(
            f'    ("{name}", {literal(value)}, {good}),'
            for name, (value, good) in signatures(private).items()
        ),
        ")",
    ]
    TARGET.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
