"""Who signed, who vouches for whom, and what changes that: byte for byte, with the board's RSA."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uscomo import rsa
from uscomo_tools import cli
from uscomo_tools.package import (
    Action,
    Endorsement,
    Package,
    PackageError,
    Project,
    PublicKey,
    Signature,
    SignatureError,
    SigningKey,
    add_anchor,
    build,
    read_package,
    read_statement,
    revoke,
    sign,
)


@pytest.fixture(scope="module")
def anchor() -> SigningKey:
    # Longer than the other, so that the lengths cannot be mixed up.
    return SigningKey.generate(3072)


@pytest.fixture(scope="module")
def endorsement(anchor: SigningKey, key: SigningKey) -> Endorsement:
    return Endorsement.make(anchor, key.public)


@pytest.fixture(scope="module")
def unsigned(demo_apps: Path) -> Package:
    return read_package(build(Project.load(demo_apps / "clock"), None), allow_unsigned=True)


@pytest.fixture(scope="module")
def endorsed(unsigned: Package, key: SigningKey, endorsement: Endorsement) -> Package:
    return read_package(sign(unsigned, key, endorsement))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_unsigned_then_signed(unsigned: Package, key: SigningKey, demo_apps: Path) -> None:
    assert (unsigned.is_signed, unsigned.key_id, unsigned.signer) == (False, "", "")
    with pytest.raises(PackageError, match=r"manifest\.sig"):
        read_package(unsigned.data)
    # Signing later makes what signing at once makes.
    signed = sign(unsigned, key)
    assert signed == build(Project.load(demo_apps / "clock"), key)
    again = sign(read_package(signed), SigningKey.generate())
    assert again != signed
    assert sign(read_package(again), key) == signed


def test_type_1(unsigned: Package, key: SigningKey) -> None:
    block = read_package(sign(unsigned, key)).signature
    assert block[:1] == b"\x01"
    assert block[1:9] == sha256(key.public.modulus)[:8]
    assert rsa.verify(key.public.modulus, block[9:], sha256(unsigned.manifest))
    assert Signature.decode(block).encode() == block


def test_type_2(endorsed: Package, anchor: SigningKey, key: SigningKey) -> None:
    block, modulus = endorsed.signature, key.public.modulus
    assert block[:1] == b"\x02"
    assert block[1:9] == sha256(modulus)[:8]
    assert block[9:11] == b"\x01\x00"
    assert block[11:267] == modulus
    assert block[267:275] == sha256(anchor.public.modulus)[:8]
    vouched = sha256(b"uscomo endorse\n" + modulus)
    assert rsa.verify(anchor.public.modulus, block[275:659], vouched)
    assert rsa.verify(modulus, block[659:], sha256(endorsed.manifest))
    assert Signature.decode(block).encode() == block
    assert (endorsed.key_id, endorsed.signer) == (key.public.key_id, anchor.public.key_id)


def test_the_anchor_is_what_counts(endorsed: Package, anchor: SigningKey, key: SigningKey) -> None:
    assert endorsed.verify([key.public, anchor.public]) == anchor.public
    with pytest.raises(SignatureError, match=r"endorsed by .* none of the given"):
        endorsed.verify([key.public])
    for revoked in (key, anchor):
        with pytest.raises(SignatureError, match=f"{revoked.public.key_id} is revoked"):
            endorsed.verify([anchor.public], [revoked.public.key_id])


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_every_bit_of_it_counts(endorsed: Package, anchor: SigningKey, data) -> None:
    block = bytearray(endorsed.signature)
    at = data.draw(st.integers(0, len(block) - 1))
    block[at] ^= 1 << data.draw(st.integers(0, 7))
    damaged = Package(**{**vars(endorsed), "signature": bytes(block)})
    with pytest.raises(PackageError):
        damaged.verify([anchor.public])


@settings(deadline=None)
@given(st.binary(max_size=1600) | st.integers(0, 1500))
def test_no_block_surprises(endorsed: Package, block: bytes | int) -> None:
    try:
        Signature.decode(endorsed.signature[:block] if isinstance(block, int) else block)
    except PackageError:
        return
    # Cut within its last signature it can still be of the right form, never longer or shorter
    # than a key.
    assert isinstance(block, bytes) or block > 256


def test_an_endorsement_is_for_one_key(
    unsigned: Package, anchor: SigningKey, endorsement: Endorsement, key: SigningKey
) -> None:
    with pytest.raises(PackageError, match="the endorsement is for key"):
        sign(unsigned, SigningKey.generate(), endorsement)
    with pytest.raises(PackageError, match="does not endorse itself"):
        Endorsement.make(anchor, anchor.public)
    with pytest.raises(SignatureError, match="made by"):
        endorsement.verify(key.public)
    forged = Endorsement(key.public, anchor.public.key_id, key.sign(b"x"))
    with pytest.raises(SignatureError, match="not made by"):
        read_package(sign(unsigned, key, forged)).verify([anchor.public])


def test_endorsement_files(endorsement: Endorsement, tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(endorsement.encode_text())
    assert Endorsement.load(path) == endorsement
    text = endorsement.encode_text().decode()
    for broken in ("", text[:300], text.replace("A", "!", 1), text[:40] + text[240:]):
        path.write_text(broken)
        with pytest.raises(PackageError, match="e: not an endorsement"):
            Endorsement.load(path)
    with pytest.raises(PackageError, match="No such file"):
        Endorsement.load(tmp_path / "none")


# -- statements


def test_statement_that_adds(anchor: SigningKey, key: SigningKey) -> None:
    data = add_anchor(anchor, key.public)
    assert len(data) <= 1100
    assert data[:1] == b"\x01"
    assert data[1:9] == sha256(anchor.public.modulus)[:8]
    assert data[9:265] == key.public.modulus
    assert rsa.verify(
        anchor.public.modulus, data[265:], sha256(b"uscomo trust\n" + data[:1] + data[9:265])
    )
    found = read_statement(data, [key.public, anchor.public])
    assert (found.action, found.subject, found.key) == (
        Action.ADD,
        key.public.key_id,
        key.public,
    )
    assert found.anchor == anchor.public.key_id


def test_statement_that_revokes(anchor: SigningKey, key: SigningKey) -> None:
    data = revoke(anchor, key.public.key_id)
    assert data[:1] == b"\x02"
    assert data[9:17] == sha256(key.public.modulus)[:8]
    assert rsa.verify(anchor.public.modulus, data[17:], sha256(b"uscomo trust\n\x02" + data[9:17]))
    found = read_statement(data, [anchor.public])
    assert (found.action, found.subject, found.key) == (Action.REVOKE, key.public.key_id, None)


def test_the_largest_keys_fit() -> None:
    large = SigningKey.generate(4096)
    assert len(add_anchor(large, PublicKey(large.public.modulus[:-1] + b"\x01"))) <= 1100


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_every_bit_of_a_statement_counts(anchor: SigningKey, key: SigningKey, data) -> None:
    good = data.draw(
        st.sampled_from([add_anchor(anchor, key.public), revoke(anchor, key.public.key_id)])
    )
    damaged = bytearray(good)
    at = data.draw(st.integers(0, len(good) - 1))
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    for wrong in (bytes(damaged), good[:at], good + b"\0"):
        with pytest.raises(PackageError):
            read_statement(wrong, [anchor.public])


def test_statements_against_the_rules(anchor: SigningKey, key: SigningKey) -> None:
    with pytest.raises(SignatureError, match="none of the given"):
        read_statement(revoke(anchor, key.public.key_id), [key.public])
    with pytest.raises(PackageError, match="anchor already"):
        add_anchor(anchor, anchor.public)
    for wrong in ("", "zz", "00" * 7, "00" * 9, "00 " * 8):
        with pytest.raises(PackageError, match="16 hex digits"):
            revoke(anchor, wrong)
    # Signed, and nonsense all the same.
    head = bytes.fromhex(anchor.public.key_id)
    for action, payload in ((b"\x02", b"short"), (b"\x01", b"\x80" * 255 + b"\x02")):
        data = action + head + payload + anchor.sign(b"uscomo trust\n" + action + payload)
        with pytest.raises(PackageError):
            read_statement(data, [anchor.public])


# -- the command line


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict]]:
    def run(*arguments: object) -> tuple[int, dict]:
        code = cli.run(["package", *map(str, arguments), "--json"])
        captured = capsys.readouterr()
        assert not captured.err
        return code, json.loads(captured.out)

    return run


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anchor: SigningKey, key: SigningKey
) -> Path:
    anchor.save(tmp_path / "anchor")
    anchor.public.save(tmp_path / "anchor.pub")
    key.save(tmp_path / "key")
    key.public.save(tmp_path / "key.pub")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_signing_on_the_command_line(run, folder: Path, demo_apps: Path, key: SigningKey) -> None:
    code, shown = run("build", demo_apps / "clock")
    assert (code, shown["file"], shown["signed"]) == (0, "com.example.clock.pkg", False)
    path = folder / "com.example.clock.pkg"
    assert run("verify", path, "--key", "key.pub")[0] == 1
    assert run("inspect", path)[1]["key_id"] == ""
    code, shown = run("sign", path, "--key", "key")
    assert (code, shown["signer"]) == (0, key.public.key_id)
    assert run("verify", path, "--key", "key.pub")[0] == 0
    code, shown = run("sign", path, "--key", "anchor")
    assert (code, "--force" in shown["error"]) == (1, True)
    assert run("sign", path, "--key", "anchor", "-o", "other.pkg")[0] == 0
    assert run("sign", path, "--key", "anchor", "--force")[0] == 0
    assert path.read_bytes() == (folder / "other.pkg").read_bytes()
    code, shown = run("verify", path, "--key", "key.pub")
    assert (code, shown["ok"]) == (1, False)
    assert run("verify", path, "--key", "key.pub", "--key", "anchor.pub")[0] == 0


def test_endorsing_on_the_command_line(
    run, folder: Path, demo_apps: Path, key: SigningKey, anchor: SigningKey, capsys
) -> None:
    code, shown = run("endorse", "key.pub", "--key", "anchor")
    assert (code, shown["file"]) == (0, "key.pub.endorsement")
    assert (shown["key_id"], shown["endorser"]) == (key.public.key_id, anchor.public.key_id)
    assert run("endorse", "key.pub", "--key", "anchor")[0] == 1
    assert run("endorse", "key.pub", "--key", "anchor", "--force")[0] == 0
    more = ("--endorsement", "key.pub.endorsement")
    code, shown = run("build", demo_apps / "clock", *more)
    assert (code, "--key" in shown["error"]) == (2, True)
    code, shown = run("build", demo_apps / "clock", "--key", "key", *more, "-o", "c.pkg")
    assert shown["signer"] == anchor.public.key_id
    code, shown = run("verify", "c.pkg", "--key", "anchor.pub")
    assert (shown["key_id"], shown["signer"]) == (key.public.key_id, anchor.public.key_id)
    assert run("verify", "c.pkg", "--key", "key.pub")[0] == 1
    revoked = ("--revoked", key.public.key_id)
    assert run("verify", "c.pkg", "--key", "anchor.pub", *revoked)[0] == 1
    assert run("verify", "c.pkg", "--key", "anchor.pub", "--revoked", "key.pub")[0] == 1
    code, shown = run("verify", "c.pkg", "--key", "anchor.pub", "--revoked", "none")
    assert (code, "16 hex digits" in shown["error"]) == (2, True)
    assert cli.run(["package", "inspect", "c.pkg"]) == 0
    assert f"endorsed by {anchor.public.key_id}" in capsys.readouterr().out


def test_statements_on_the_command_line(
    run, folder: Path, key: SigningKey, anchor: SigningKey, capsys
) -> None:
    code, shown = run("trust", "add", "key.pub", "--key", "anchor")
    path = folder / f"add-{key.public.key_id}.trust"
    assert (code, shown["file"], shown["action"]) == (0, path.name, "add")
    assert base64.b64decode(shown["statement"]) == path.read_bytes()
    assert path.read_bytes() == add_anchor(anchor, key.public)
    assert run("trust", "show", path, "--key", "anchor.pub")[1] == shown | {"file": str(path)}
    assert run("trust", "show", path, "--key", "key.pub")[0] == 1
    assert run("trust", "add", "key.pub", "--key", "anchor")[0] == 1
    by_file = run("trust", "revoke", "key.pub", "--key", "anchor")[1]
    by_id = run("trust", "revoke", key.public.key_id.upper(), "--key", "anchor", "--force")[1]
    assert by_file == by_id
    assert by_id["key_id"] == key.public.key_id
    assert cli.run(["package", "trust", "show", by_id["file"], "--key", "anchor.pub"]) == 0
    assert "never to trust" in capsys.readouterr().out
    code, shown = run("trust", "revoke", "none", "--key", "anchor")
    assert (code, "16 hex digits" in shown["error"]) == (2, True)


def test_keys_are_not_lost_by_accident(run, folder: Path) -> None:
    before = (folder / "key").read_bytes()
    code, shown = run("keygen", "key")
    assert (code, "--force" in shown["error"]) == (1, True)
    assert (folder / "key").read_bytes() == before
    (folder / "key").unlink()
    assert run("keygen", "key")[0] == 1  # its public half is there
    code, shown = run("keygen", "key", "--force")
    assert code == 0
    assert PublicKey.load(folder / "key.pub").key_id == shown["key_id"]
    assert (folder / "key").stat().st_mode & 0o77 == 0
