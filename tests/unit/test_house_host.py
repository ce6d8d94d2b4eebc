"""The rules of the host's code, read off its sources: layers, docstrings, sizes."""

from __future__ import annotations

import ast
import re

import pytest
from house import FIRMWARE, HOST, REPOSITORY, Source, modules

# `board` folders in a part hold what runs on MicroPython: other rules. The part `board` is ours.
HOST_MODULES = [
    source
    for source in modules(HOST)
    if "board" not in source.path.relative_to(HOST).parent.parts[1:]
]

MAX_LINES = 400

CATCH_ALL = {
    "rp2._attempt": "whatever goes wrong in a forked copy is raised in the process that asked",
}

# Session, decisions and their data: usable without a database, a web framework or a socket.
SANS_IO = {
    *("credentials", "delivery", "engine", "listener", "log", "operations", "planner", "policy"),
    *("primitives", "reports", "results", "state", "steps", "survey"),
    *("commands", "mac", "numbering", "objects", "uri_limits"),
}
# Rows are plain objects; they are the only thing of the database that those may see.
BELOW_SESSIONS = SANS_IO | {"models"}
TRANSPORTS = {"sqlalchemy", "starlette", "uvicorn", "httpx", "socket", "asyncio", "anyio", "os"}

# Which part of the host package may use which other; the agent `uscomo` is open to all.
PARTS = {
    "errors": set(),
    "resources": set(),
    "syncml": {"errors"},
    "package": {"errors"},
    "server": {"errors", "syncml", "package"},
    "board": {"errors", "resources", "package", "device", "server"},
    "testing": {"errors", "resources", "device", "board", "package", "server"},
    "device": {"errors", "resources", "package", "syncml", "testing"},
    "relay": {"errors", "board"},
    "demo": {"errors", "resources", "package", "server", "device"},
}
# Command lines use everything and are used by nothing.
TOP = "cli"


def name(source: Source) -> str:
    return str(source.path.relative_to(REPOSITORY))


def part(module: str) -> str:
    """`server` of `uscomo_tools.server.engine`."""
    return module.split(".")[1]


@pytest.mark.parametrize("source", HOST_MODULES, ids=name)
def test_parts_stand_on_each_other_in_one_direction(source):
    own = source.path.relative_to(HOST).parts[0].removesuffix(".py")
    for module in source.imports():
        if not module.startswith("uscomo_tools."):
            continue
        used = part(module)
        if used != own and own != TOP:
            assert used in PARTS[own], f"{name(source)} imports {module}"


@pytest.mark.parametrize("module", sorted(SANS_IO))
def test_the_session_needs_no_transport(module):
    for imported in Source(HOST / "server" / f"{module}.py").imports():
        assert imported.split(".")[0] not in TRANSPORTS, f"{module} imports {imported}"
        if imported.startswith("uscomo_tools.server."):
            assert imported.rpartition(".")[2] in BELOW_SESSIONS, f"{module} imports {imported}"


@pytest.mark.parametrize("source", HOST_MODULES, ids=name)
def test_public_names_have_docstrings(source):
    missing = [] if ast.get_docstring(source.tree) else ["the module"]
    for node in source.tree.body:
        missing += undocumented(node, "")
    assert not missing, f"{name(source)}: {', '.join(missing)}"


def undocumented(node: ast.stmt, inside: str) -> list[str]:
    """The public functions and classes without a docstring, a class's methods included."""
    if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    setter = any(decorator.endswith(".setter") for decorator in decorators)
    if node.name.startswith("_") or setter:
        return []
    found = [] if ast.get_docstring(node) else [inside + node.name]
    protocol = isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
    if isinstance(node, ast.ClassDef) and not protocol:
        for member in node.body:
            found += undocumented(member, f"{node.name}.")
    return found


@pytest.mark.parametrize("source", HOST_MODULES, ids=name)
def test_files_are_short(source):
    assert source.lines <= MAX_LINES


@pytest.mark.parametrize("source", HOST_MODULES, ids=name)
def test_errors_are_caught_by_name(source):
    for function in ast.walk(source.tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.ExceptHandler):
                continue
            assert node.type is not None, source.at(node)
            caught = ast.unparse(node.type)
            if caught in ("Exception", "BaseException") and not isinstance(
                node.body[-1], ast.Raise
            ):
                assert f"{source.name}.{function.name}" in CATCH_ALL, source.at(node)


def test_only_command_lines_print():
    for source in HOST_MODULES:
        if source.path.relative_to(HOST).parts[0] != TOP:
            assert not [call for function, call in source.calls() if function == "print"], (
                f"{name(source)} prints"
            )


def test_nothing_is_left_to_do():
    mark = re.compile(
        "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "raise Not" + "Implemented"))
    )
    for source in (*HOST_MODULES, *modules(FIRMWARE), *modules(REPOSITORY / "tests")):
        found = mark.search(source.text)
        assert found is None, f"{name(source)}: {found and found[0]}"
