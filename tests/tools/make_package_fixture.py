"""Writes tests/device/package_fixture.py: packages and signatures for the device tests.

Run it from the repository's root after a change of the format. Keys are made anew and thrown
away; broken packages are signed like good ones, so that they fail for one reason only.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from uscomo_tools.package import SigningKey
from uscomo_tools.package.build import compress, tar
from uscomo_tools.package.limits import BLOCK, write_header
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


def changed(first: bytes, package: dict[str, object], component: dict[str, object]) -> bytes:
    """A header line with other fields, also such as the host would not write."""
    fields = json.loads(first)
    fields.update(package)
    fields["components"][0].update(component)
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


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
        line = changed(first, {}, changes)
        return compress(package(key, line, lines(small), small))

    def signed(signature: bytes) -> bytes:
        manifest = first + (lines(small)[0] + "\n").encode()
        return compress(tar([(MANIFEST, manifest), (SIGNATURE, signature), *small.items()]))

    flat = package(key, first, lines(small), small)
    endless = bytearray(BLOCK)
    write_header(endless, MANIFEST, 8**11 - 1)
    agent = changed(first, {}, {"agent": True, "provides": ["uscomo"], "entry": None})
    stage_0 = {"app/uscomo/__init__.py": b"1", "app/uscomo_boot.py": b"1"}
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
        "requires_text": headed(requires="abc"),
        "agent_and_more": headed(agent=True, provides=["app", "uscomo"]),
        "agent_elsewhere": headed(agent=True, provides=["app"]),
        "uscomo_without_agent": headed(provides=["uscomo"], entry="uscomo"),
        "agent_with_stage_0": compress(package(key, agent, lines(stage_0), stage_0)),
        "signature_type": signed(b"\x03" + bytes(264)),
        "signature_too_long": signed(b"\x02" + bytes(1555)),
        "signature_empty": signed(b"\x01"),
        "endorsement_empty": signed(b"\x02"),
        "size_without_end": compress(bytes(endless) + flat[BLOCK:]),
        "bomb": compress(flat[:-1024] + bytes(2_000_000)),
        "entry_twice": compress(flat[:-1024] + flat[-2048:]),
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


def accepted(key: SigningKey) -> dict[str, bytes]:
    """What a board takes besides: the agent, a downgrade, another app, and updates of "good"."""
    first = Header("com.example.package", (PLAIN,)).encode()
    small = {"app/app.py": b"1"}
    downgrade = changed(first, {"downgrade": True}, {})
    header = changed(first, {}, {"agent": True, "provides": ["uscomo"], "entry": None})
    agent = {"app/uscomo/__init__.py": b"1", "app/uscomo/data.bin": b"2"}
    other = changed(first, {}, {"id": "com.example.other"})
    return {
        "agent": compress(package(key, header, lines(agent), agent)),
        "downgrade": compress(package(key, downgrade, lines(small), small)),
        "same_modules": compress(package(key, other, lines(small), small)),
        "update": update(key, {path: FILES[path] for path in ("app/app.py", "lib/lib.py")}),
        "update_middle": update(key, {path: FILES[path] for path in list(FILES)[1:4]}),
        "update_last": update(key, {"lib/lib.py": FILES["lib/lib.py"]}),
        "update_nothing": update(key, {}),
    }


def update(key: SigningKey, files: dict[str, bytes], tail: bytes = bytes(1024)) -> bytes:
    """The manifest and signature of "good" with some files."""
    both = Header("com.example.package", (PLAIN, LIBRARY), ("unix", "rp2")).encode()
    return compress(package(key, both, lines(FILES), files)[:-1024] + tail)


def broken_updates(key: SigningKey) -> dict[str, bytes]:
    """Updates of "good" that no base makes right."""
    last = {"lib/lib.py": FILES["lib/lib.py"]}
    same_size = {"app/app.py": b"#" * len(FILES["app/app.py"])}
    return {
        "other_content": update(key, same_size),
        "other_size": update(key, {"app/app.py": b"#" + FILES["app/app.py"]}),
        "descending": update(key, last | {"app/app.py": FILES["app/app.py"]}),
        "foreign": update(key, {"app/foreign.py": b"1"} | last),
        "foreign_last": update(key, last | {"lib/zzz.py": b"1"}),
        "twice": update(key, last, tar(list(last.items()))),
        "no_end": update(key, last, b""),
        "half_an_end": update(key, last, bytes(512)),
        "tail": update(key, last, bytes(1025)),
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
    md5 = bytes.fromhex("3020300c06082a864886f70d020505000410") + digest[:16]
    # The same DER with a length in two bytes, and with parameters that no verifier has to read.
    long_form = bytes.fromhex("308131300d060960864801650304020105000420") + digest
    parameters = (
        bytes.fromhex("303930150609608648016503040201 0408") + b"garbage!\x04\x20" + digest
    )
    behind = b"\x00" + info + b"garbage!"

    def padded(content: bytes, start: bytes = b"\x00\x01", fill: bytes = b"\xff") -> bytes:
        return start + fill * (256 - 3 - len(content)) + b"\x00" + content

    blocks = {
        "right": padded(info),
        "short padding, garbage behind": b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + bytes(194),
        "garbage in the padding": b"\x00\x01" + b"\xff" * 8 + bytes(194) + b"\x00" + info,
        "a byte of padding is not ff": b"\x00\x01\xfe" + padded(info)[3:],
        "garbage in the parameters": padded(parameters),
        "garbage behind the digest": b"\x00\x01" + b"\xff" * (254 - len(behind)) + behind,
        "length in long form": padded(long_form),
        "no separator": b"\x00\x01" + b"\xff" * (254 - len(info)) + info,
        "bare digest": padded(digest),
        "MD5": padded(md5),
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
    # Bleichenbacher's: a cube that begins like a right block, for verifiers with e = 3 that do
    # not look behind the digest. Then values whose powers anybody knows.
    wanted = b"\x00\x01" + b"\xff" * 8 + b"\x00" + info
    number = int.from_bytes(wanted + b"\xff" * (256 - len(wanted)), "big")
    root = 1 << number.bit_length() // 3 + 1
    while root**3 > number:  # Newton's, from above
        root = (2 * root + number // root**2) // 3
    assert (root**3).to_bytes(256, "big").startswith(wanted)
    known = {"cube root": root, "0": 0, "1": 1, "n - 1": n - 1, "n": n}
    # With the same power as the right one, and not below n: OverflowError for most keys.
    known["right + n"] = int.from_bytes(made["right"], "big") + n
    for name, value in known.items():
        made[name] = value.to_bytes(256, "big")
    made["the block itself"] = blocks["right"]
    return {name: (value, name == "right") for name, value in made.items()}


def literal(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    pieces = [text[i : i + 88] for i in range(0, len(text), 88)]
    # Chance writes what a test of the house forbids; a line ends within such a word.
    pieces = re.sub("T(?=ODO)|F(?=IXME)|X(?=XX)", "\\g<0>\n", "\n".join(pieces)).split("\n")
    return "(\n" + "".join(f'        "{piece}"\n' for piece in pieces) + "    )"


def table(name: str, entries: dict[str, bytes]) -> list[str]:
    """Lines of the fixture: a dict."""
    return [
        f"{name} = {{",
        *(f'    "{key}": {literal(data)},' for key, data in entries.items()),
        "}",
    ]


def judged(name: str, entries: dict[str, tuple[bytes, bool]]) -> list[str]:
    """Lines of the fixture: (what it is, bytes, whether they are good)."""
    return [
        f"{name} = (",
        *(f'    ("{key}", {literal(data)}, {good}),' for key, (data, good) in entries.items()),
        ")",
    ]


def main() -> None:
    key, other, large = (SigningKey.generate(bits) for bits in (2048, 2048, 4096))
    judgements = None
    while judgements is None:
        private = rsa.generate_private_key(65537, 2048)
        with contextlib.suppress(OverflowError):
            judgements = signatures(private)
    modulus = private.public_key().public_numbers().n.to_bytes(256, "big")
    out = [
        "# Made by tests/tools/make_package_fixture.py; base64 throughout.",
        "# fmt: off",
        f'KEY_ID = "{key.public.key_id}"',
        f"MODULUS = {literal(key.public.modulus)}",
        *table("PACKAGES", packages(key, other)),
        "# Right as well, the updates on the files of `good`.",
        *table("ACCEPTED", accepted(key)),
        "# Wrong on any files.",
        *table("UPDATES", broken_updates(key)),
        f"RSA_MODULUS = {literal(modulus)}",
        "# name, signature of b'message', whether it is good",
        *judged("RSA_SIGNATURES", judgements),
        f"LARGE_MODULUS = {literal(large.public.modulus)}",
        f"LARGE_SIGNATURE = {literal(large.sign(b'message'))}",
    ]
    TARGET.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
