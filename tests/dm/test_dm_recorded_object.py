"""The board's session takes the object that a recorded server sent: base64 in five parts."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from uscomo import session
from uscomo_tools.syncml.message import CONTENT_TYPES, Message, decode, encode

RECORDED = Path(__file__).parents[1] / "vectors" / "large-object"


def recorded(name: str) -> Message:
    return decode((RECORDED / f"{name}.xml").read_bytes(), CONTENT_TYPES["xml"])


class Account:
    address = b"http://127.0.0.1:8080/funambol/dm"
    server_id, server_secret, server_nonce = b"funambol", b"srvpwd", b""
    server_auth = session.MD5
    client_auth = session.NONE
    client_nonce = b""

    @staticmethod
    def choose(kind: int) -> bool:
        return False


class Dispatcher:
    def __init__(self) -> None:
        self.begun: list[tuple[object, ...]] = []
        self.data = b""
        self.ended = False

    def begin(self, *what: object) -> int:
        self.begun.append(what)
        return 200

    def append(self, data: memoryview) -> int:
        self.data += bytes(data)
        return 200

    def end(self) -> int:
        self.ended = True
        return 200

    def get(self, uri: bytes) -> int:
        return 404

    def commit(self) -> None:
        pass


def test_the_recorded_object() -> None:
    tree = Dispatcher()
    send = bytearray(2048)
    client = session.Session(Account, tree, None, bytearray(8192), send)
    client.commands.max_obj_size = 100_000
    assert client.start(b"7", b"000000011234564", 1201, [], lambda: [])
    text = b""
    for number in range(1, 7):
        message = recorded(f"0{number}-s")
        text += b"".join(
            item.data or b"" for c in message.commands if c.name == "Add" for item in c.items
        )
        body = encode(message, "wbxml")
        client.space()[: len(body)] = body
        length = client.receive(len(body))
        answer = decode(bytes(send[:length]), CONTENT_TYPES["wbxml"])
        recorded_answer = recorded(f"0{number + 1}-c")
        # Statuses and alerts as the recorded client gave them; the recorded Get found its node.
        said = [(c.name, c.cmd, c.cmd_ref, c.data) for c in answer.commands]
        expected = [
            (c.name, c.cmd, c.cmd_ref, c.data)
            for c in recorded_answer.commands
            if c.name in ("Status", "Alert")
        ]
        # A header's 212 is said once; later headers are accepted with 200 here.
        assert [row[1:3] for row in said] == [row[1:3] for row in expected]
        if number < 6:
            assert said[1:] == expected[1:]
        assert answer.final == recorded_answer.final
    assert tree.begun == [(5, b"./SCTSLrgObjBin", "bin", "text/plain", 16002)]
    assert tree.ended
    assert tree.data == base64.b64decode(text)
    assert len(text) == 21336


def test_the_object_is_cut_within_groups_of_four() -> None:
    sizes = [
        len(item.data or b"")
        for number in range(1, 6)
        for c in recorded(f"0{number}-s").commands
        if c.name == "Add"
        for item in c.items
    ]
    if not any(size % 4 for size in sizes):
        pytest.fail(f"the recorded parts prove nothing about cuts: {sizes}")
