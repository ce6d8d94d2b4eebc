"""`uscomo wire decode` and `encode`."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner
from wire_samples import digest_wbxml, digest_xml

from uscomo_tools.cli import wire
from uscomo_tools.syncml import wbxml_document, xml_document

app = typer.Typer()
app.add_typer(wire.app, name="wire")


def run(*arguments: str, body: bytes = b""):
    return CliRunner().invoke(app, ["wire", *arguments], input=body)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.wbxml").write_bytes(digest_wbxml("b"))
    (tmp_path / "b.xml").write_bytes(digest_xml("b"))
    (tmp_path / "broken").write_bytes(digest_wbxml("b")[:100])
    return tmp_path


def test_decode_prints_indented_xml(folder):
    done = run("decode", "b.wbxml")
    assert done.exit_code == 0
    assert "\n  <SyncHdr>\n" in done.stdout
    assert xml_document.decode(done.stdout_bytes) == xml_document.decode(digest_xml("b"))


def test_there_and_back_through_standard_input():
    for name in ("b", "c", "ddf", "devinf", "d-num"):
        xml = run("decode", "-", body=digest_wbxml(name)).stdout_bytes
        assert run("encode", "-", body=xml).stdout_bytes == digest_wbxml(name)


def test_output_file(folder):
    assert run("encode", "b.xml", "-o", "out").exit_code == 0
    assert (folder / "out").read_bytes() == digest_wbxml("b")
    assert run("decode", "broken", "-o", "out").exit_code == 1
    assert (folder / "out").read_bytes() == digest_wbxml("b")
    assert run("decode", "b.wbxml", "-o", "no/such/folder").exit_code == 1


def test_hex():
    done = run("encode", "--hex", "-", body=digest_xml("b"))
    assert bytes.fromhex(done.stdout) == digest_wbxml("b")


def test_broken_document_and_the_ones_beside_it(folder):
    done = run("decode", "broken", "missing", "b.wbxml")
    assert done.exit_code == 1
    assert "broken: offset 100: the document ends too early\n" in done.stderr
    assert "missing: No such file or directory\n" in done.stderr
    assert done.stdout.count("<SyncML") == 1


def test_json_lines(folder):
    files = ["b.wbxml", "broken", "missing", "-"]
    done = run("decode", "--json", *files, body=digest_wbxml("ddf"))
    assert done.exit_code == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == files
    assert [line["ok"] for line in lines] == [True, False, False, True]
    assert [sorted(line) for line in lines] == [
        ["file", "ok", "xml"],
        ["error", "file", "offset", "ok"],
        ["error", "file", "ok"],
        ["file", "ok", "xml"],
    ]
    assert lines[1]["offset"] == 100
    assert xml_document.decode(lines[3]["xml"].encode()) == xml_document.decode(digest_xml("ddf"))


def test_json_of_encode(folder):
    done = run("encode", "--json", "b.xml", "broken")
    good, bad = (json.loads(line) for line in done.stdout.splitlines())
    assert good == {"file": "b.xml", "ok": True, "wbxml": digest_wbxml("b").hex()}
    assert (bad["file"], bad["ok"], bad["offset"]) == ("broken", False, 0)
    assert done.exit_code == 1


def test_text_keeps_its_line_ends():
    body = digest_wbxml("b").replace(b"SyncHdr\0", b" S \n\r\n\0")
    xml = run("decode", "-", body=body).stdout_bytes
    assert b"<Cmd> S \n&#13;\n</Cmd>" in xml
    assert wbxml_document.encode(xml_document.decode(xml)) == body


@pytest.mark.parametrize(
    "arguments",
    [
        ["decode"],
        ["encode"],
        ["encode", "b.xml", "b.xml"],
        ["decode", "b.wbxml", "b.wbxml", "-o", "out"],
        ["decode", "--nothing", "b.wbxml"],
    ],
)
def test_wrong_usage(folder, arguments):
    assert run(*arguments).exit_code == 2


def test_no_binary_to_a_terminal(folder, monkeypatch):
    monkeypatch.setattr(wire, "_is_terminal", lambda: True)
    assert run("encode", "b.xml").exit_code == 2
    assert run("encode", "b.xml", "--hex").exit_code == 0
