"""What lies on the board for the workloads: an account, a server's messages, two packages.

The server's messages are written here, not by the server: they answer exactly what the device
says, byte for byte the same in every run, so that a figure changes only with the agent. ``check``
is a session in which nobody wants anything, ``request`` one in which an installation is asked for
and ordered; both sides prove themselves with MD5 and nonces.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import tarfile
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from uscomo_tools.syncml.message import (
    Challenge,
    Command,
    Credential,
    Header,
    Item,
    Message,
    Meta,
    encode,
)

from .build import store_root

SERVER, SERVER_SECRET, SERVER_NONCE = "bench.example", "server-secret", b"nonce of the server"
CLIENT, CLIENT_SECRET, CLIENT_NONCE = "bench-0001", "client-secret", b"nonce of the client"
DEVICE = "urn:uscomo:bench-0001"
MODEL = "Raspberry Pi Pico"
ADDRESS = "http://bench.example/dm"
MD5 = "syncml:auth-md5"
WINDOW_BITS = 12
_PIECE = 12 * 1024  # whole blocks of the file system: 300 KB twice is nearly all that is free


def files() -> dict[str, bytes]:
    """Everything, by path on the board."""
    key = rsa.generate_private_key(65537, 2048)
    modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
    key_id = hashlib.sha256(modulus).digest()[:8]
    placed = {f"{store_root()}/k/{key_id.hex()}": modulus, "/bench/nodes": _nodes()}
    for name, messages in (("check", _check()), ("request", _request())):
        for number, message in enumerate(messages, 1):
            placed[f"/bench/{name}/{number}"] = encode(message, "wbxml")
    for size in (20, 300):
        package = _package(key, key_id, size * 1024)
        placed[f"/bench/{size}.package"] = package
        placed[f"/bench/{size}.dd"] = _descriptor(f"{size}.package", len(package))
    return placed


# -- the account


def _nodes() -> bytes:
    account = {
        "ServerID": SERVER,
        "AppAddr/1/Addr": ADDRESS,
        "AppAuth/1/AAuthLevel": "CLCRED",
        "AppAuth/1/AAuthType": "DIGEST",
        "AppAuth/1/AAuthName": CLIENT,
        "AppAuth/1/AAuthSecret": CLIENT_SECRET,
        "AppAuth/1/AAuthData": CLIENT_NONCE.decode(),
        "AppAuth/2/AAuthLevel": "SRVCRED",
        "AppAuth/2/AAuthType": "DIGEST",
        "AppAuth/2/AAuthSecret": SERVER_SECRET,
        "AppAuth/2/AAuthData": SERVER_NONCE.decode(),
    }
    lines = [f"DMAcc/bench/{key} {value}\n" for key, value in account.items()]
    acl = f"Add={SERVER}&Delete={SERVER}&Exec={SERVER}&Get=*&Replace={SERVER}"
    # As a deployment writes them.
    about = {"DevId": DEVICE, "Man": "uscomo", "Mod": MODEL}
    lines += [f"? {acl}\n", *(f"DevInfo/{leaf} {value}\n" for leaf, value in about.items())]
    return "".join(lines).encode()


# -- the server's side of two sessions


def _check() -> list[Message]:
    return [_answer(1, _statuses(1, "SyncHdr", "Alert", "Replace"))]


def _request() -> list[Message]:
    inventory = Item(target="./SCOMO/Inventory/Deployed?list=StructData")
    return [
        _answer(
            1,
            [
                *_statuses(1, "SyncHdr", "Alert", "Replace", "Alert"),
                Command("Get", "", items=[inventory]),
            ],
        ),
        _answer(2, [*_statuses(2, "SyncHdr"), _delivery()]),
        _answer(3, _statuses(3, "SyncHdr")),
    ]


def _delivery() -> Command:
    place = "./SCOMO/Download/1"
    leaves = {
        "PkgID": "com.example.bench",
        "PkgURL": "http://bench.example/packages/com.example.bench/1.0.0/descriptor",
        "Name": "Bench",
        "EnvType": "micropython;mpy=6.3",
        "PkgType": "application/vnd.uscomo.package+gzip",
    }
    consent = [Item(data=b"MINDT=10&MAXDT=60&DR=1"), Item(data=b"Install Bench 1.0.0?")]
    execute = Item(target=f"{place}/Operations/DownloadInstall")
    adds = [Command("Add", "", items=[Item(target=place, meta=Meta(format="node"))])]
    for name, value in leaves.items():
        adds.append(Command("Add", "", items=[Item(f"{place}/{name}", data=value.encode())]))
    return Command(
        "Sequence",
        "",
        children=[
            Command("Alert", "", data="1101", items=consent),
            *adds,
            Command("Exec", "", correlator="bench-1", items=[execute]),
        ],
    )


def _statuses(message: int, *commands: str) -> list[Command]:
    """Answer so many commands of a message of the device: its header is the first."""
    statuses = []
    for number, name in enumerate(commands):
        status = Command("Status", "", data="200", cmd=name)
        status.msg_ref, status.cmd_ref = str(message), str(number)
        statuses.append(status)
    if message == 1:
        statuses[0].data = "212"
        statuses[0].challenge = Challenge(MD5, "b64", b"the client's next")
    return statuses


def _answer(number: int, commands: list[Command]) -> Message:
    header = Header("1", str(number), target=DEVICE, source=ADDRESS)
    if number == 1:
        header.source_name = SERVER
        header.credential = Credential(MD5, "b64", _digest(SERVER, SERVER_SECRET, SERVER_NONCE))
    _number(commands, 0)
    return Message(header, commands, final=True)


def _number(commands: list[Command], last: int) -> int:
    for command in commands:
        last += 1
        command.cmd_id = str(last)
        last = _number(command.children, last)
    return last


def _digest(name: str, secret: str, nonce: bytes) -> bytes:
    kept = base64.b64encode(hashlib.md5(f"{name}:{secret}".encode()).digest())
    return base64.b64encode(hashlib.md5(kept + b":" + nonce).digest())


# -- packages


def _package(key: rsa.RSAPrivateKey, key_id: bytes, size: int) -> bytes:
    # Bytes that do not compress: the package is as large as what it holds.
    content = random.Random(size).randbytes(size)
    pieces = [content[at : at + _PIECE] for at in range(0, size, _PIECE)]
    unpacked = {f"bench/part{number:02}.bin": piece for number, piece in enumerate(pieces)}
    component = {
        "id": "com.example.bench",
        "name": "Bench",
        "version": "1.0.0",
        "release": 1,
        "dir": "bench",
        "env": "micropython",
        "provides": ["bench"],
    }
    header = {"format": 1, "id": "com.example.bench", "components": [component]}
    manifest = json.dumps(header, separators=(",", ":")) + "\n"
    for path, data in unpacked.items():
        manifest += f"{hashlib.sha256(data).hexdigest()} {len(data)} {path}\n"
    signature = key.sign(manifest.encode(), padding.PKCS1v15(), hashes.SHA256())
    entries = {
        "manifest": manifest.encode(),
        "manifest.sig": b"\x01" + key_id + signature,
        **unpacked,
    }
    return _gzip(_tar(entries))


def _tar(entries: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in entries.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
        length = tar.offset
    return archive.getvalue()[:length] + bytes(1024)


def _gzip(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, WINDOW_BITS + 16)
    packed = deflater.compress(data) + deflater.flush()
    assert gzip.decompress(packed) == data
    return packed


def _descriptor(name: str, size: int) -> bytes:
    return f"""<media xmlns="http://www.openmobilealliance.org/xmlns/dd">
<DDVersion>1.0</DDVersion><name>Bench</name><size>{size}</size>
<objectURI>{name}</objectURI><type>application/vnd.uscomo.package+gzip</type></media>""".encode()
