"""The `manifest.sig` entry: which key signed the manifest, and who vouches for that key.

Type 1 is a signature by a key that devices hold as a trust anchor. Type 2 carries the key itself
and an *endorsement* of it, made once by an anchor; devices then pin components to the anchor,
so that a key for daily use can be replaced without visiting a device.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .files import read_bytes
from .keys import KEY_ID_BYTES, MODULUS_BYTES, PublicKey, SigningKey
from .rules import PackageError, SignatureError

RSA_SHA256 = 1
ENDORSED = 2
_LENGTH = 2
_ENDORSE = b"uscomo endorse\n"
_BEGIN = "-----BEGIN USCOMO ENDORSEMENT-----"
_END = "-----END USCOMO ENDORSEMENT-----"
_LINE = 64


@dataclass(frozen=True)
class Endorsement:
    """The word of a trust anchor for another key.

    Parameters
    ----------
    key
        The key that is vouched for.
    endorser
        The anchor's key id, in hex.
    signature
        The anchor's, over ``uscomo endorse``, a line feed, and the key's modulus.
    """

    key: PublicKey
    endorser: str
    signature: bytes

    @classmethod
    def make(cls, anchor: SigningKey, key: PublicKey) -> Endorsement:
        """Vouch for ``key``; `PackageError` if it is the anchor itself."""
        if anchor.public == key:
            raise PackageError(f"{key.key_id}: a key does not endorse itself")
        return cls(key, anchor.public.key_id, anchor.sign(_ENDORSE + key.modulus))

    def encode(self) -> bytes:
        """As in `manifest.sig`: length of the modulus, modulus, endorser, its signature."""
        modulus = self.key.modulus
        head = len(modulus).to_bytes(_LENGTH, "big") + modulus
        return head + bytes.fromhex(self.endorser) + self.signature

    @classmethod
    def decode(cls, block: bytes) -> Endorsement:
        """The reverse of `encode`; `PackageError` for anything else."""
        size = int.from_bytes(block[:_LENGTH], "big")
        at = _LENGTH + size
        signature = block[at + KEY_ID_BYTES :]
        if len(signature) not in MODULUS_BYTES:
            raise PackageError("endorsement: the lengths in it do not agree")
        endorser = block[at : at + KEY_ID_BYTES].hex()
        return cls(PublicKey(block[_LENGTH:at]), endorser, signature)

    def encode_text(self) -> bytes:
        """As the text file that `load` reads."""
        text = base64.b64encode(self.encode()).decode()
        lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
        return "\n".join([_BEGIN, *lines, _END, ""]).encode()

    @classmethod
    def load(cls, path: Path) -> Endorsement:
        """From a file with the text of `encode_text`.

        Raises
        ------
        PackageError
            It cannot be read, or is no endorsement.
        """
        text = read_bytes(path).decode("ascii", "replace").partition(_BEGIN)[2].partition(_END)
        try:
            if not text[1]:
                raise ValueError("its first or last line is missing")
            return cls.decode(base64.b64decode("".join(text[0].split()), validate=True))
        except (ValueError, PackageError) as error:
            raise PackageError(f"{path}: not an endorsement: {error}") from error

    def verify(self, anchor: PublicKey) -> None:
        """`SignatureError` unless ``anchor`` made it."""
        if anchor.key_id != self.endorser:
            raise SignatureError(f"endorsement: made by {self.endorser}, not {anchor.key_id}")
        if not anchor.verify(self.signature, _ENDORSE + self.key.modulus):
            raise SignatureError(f"endorsement of {self.key.key_id}: not made by {self.endorser}")


@dataclass(frozen=True)
class Signature:
    """What a `manifest.sig` says; nothing of it is verified yet.

    Parameters
    ----------
    key_id
        Of the key that signed, in hex.
    value
        The signature proper.
    endorsement
        Of that key, with type 2.
    """

    key_id: str
    value: bytes
    endorsement: Endorsement | None = None

    @property
    def signer(self) -> str:
        """The key id to which a device pins the components: the endorser's, if there is one."""
        return self.endorsement.endorser if self.endorsement else self.key_id

    def encode(self) -> bytes:
        """The content of `manifest.sig`."""
        name = bytes.fromhex(self.key_id)
        if self.endorsement:
            return bytes([ENDORSED]) + name + self.endorsement.encode() + self.value
        return bytes([RSA_SHA256]) + name + self.value

    @classmethod
    def decode(cls, block: bytes) -> Signature:
        """From the content of `manifest.sig`; `PackageError` if it is of no known form."""
        key_id, rest = block[1 : 1 + KEY_ID_BYTES].hex(), block[1 + KEY_ID_BYTES :]
        if block[:1] == bytes([RSA_SHA256]) and len(rest) in MODULUS_BYTES:
            return cls(key_id, rest)
        if block[:1] != bytes([ENDORSED]):
            raise PackageError("manifest.sig: no signature of a known type and length")
        # The endorser's signature is as long as what the new key's leaves of the rest.
        size = int.from_bytes(rest[:_LENGTH], "big")
        if size not in MODULUS_BYTES or len(rest) <= size:
            raise PackageError("manifest.sig: the lengths in it do not agree")
        try:
            endorsement = Endorsement.decode(rest[:-size])
        except PackageError as error:
            raise PackageError(f"manifest.sig: {error}") from error
        if endorsement.key.key_id != key_id:
            raise PackageError("manifest.sig: the key in it is not the one that it names")
        return cls(key_id, rest[-size:], endorsement)


def sign_manifest(
    manifest: bytes, key: SigningKey, endorsement: Endorsement | None = None
) -> bytes:
    """The content of `manifest.sig`: of type 2 with an endorsement of ``key``, else of type 1."""
    if endorsement and endorsement.key != key.public:
        raise PackageError(
            f"the endorsement is for key {endorsement.key.key_id}, not for {key.public.key_id}"
        )
    return Signature(key.public.key_id, key.sign(manifest), endorsement).encode()


def signer_of(block: bytes) -> str:
    """The id, in hex, of the key that `manifest.sig` says signed the manifest."""
    return Signature.decode(block).key_id


def verify_manifest(
    manifest: bytes, block: bytes, keys: Iterable[PublicKey], revoked: Iterable[str] = ()
) -> PublicKey:
    """The key among ``keys`` to which a device would pin the components.

    Parameters
    ----------
    keys
        The trust anchors.
    revoked
        Key ids, in hex, that count for nothing any more, as anchors or as endorsed keys.

    Raises
    ------
    SignatureError
        None of the keys signed, or endorsed the key that signed; or one of the two is revoked.
    """
    found = Signature.decode(block)
    for name in (found.key_id, found.signer):
        if name in revoked:
            raise SignatureError(f"manifest.sig: key {name} is revoked")
    for key in keys:
        if key.key_id != found.signer:
            continue
        if found.endorsement:
            found.endorsement.verify(key)
        signed = found.endorsement.key if found.endorsement else key
        if not signed.verify(found.value, manifest):
            raise SignatureError(f"manifest.sig: not made with key {found.key_id}")
        return key
    verb = "endorsed by" if found.endorsement else "signed with"
    raise SignatureError(f"manifest.sig: {verb} {found.signer}, which is none of the given keys")
