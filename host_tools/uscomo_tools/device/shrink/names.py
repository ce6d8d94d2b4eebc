"""New names for private names and for arguments."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set

from .errors import ShrinkError
from .scopes import FUNCTIONS, Module, Occurrence, all_arguments

_STATIC = """
append args bool builtins bytearray bytecode bytes callable chr classmethod clear copy count dict
dir divmod end endswith eval exec extend find format from_bytes get getattr globals hasattr hash
id index insert int isalpha isdigit isinstance islower isspace issubclass isupper items iter join
key keys len list little locals lower lstrip main map object open ord pop popitem pow print range
readline remove replace repr reverse rfind rindex round rsplit rstrip sep set setattr setdefault
sort sorted split start startswith staticmethod step stop str strip sum to_bytes tuple type
update upper value values zip abs all any ArithmeticError AssertionError AttributeError EOFError
GeneratorExit ImportError IndentationError IndexError KeyError KeyboardInterrupt LookupError
MemoryError NameError OSError OverflowError RuntimeError StopIteration SyntaxError SystemExit
TypeError ValueError ZeroDivisionError
"""

#: Names with a fixed number in every MicroPython that reads .mpy files of version 6 (its list of
#: static qstrs), but for what the compiler (const, super, micropython) or the interpreter's own
#: code (close, send, throw, next, read, readinto, write) looks for.
POOL = tuple(_STATIC.split())

_COMMON = """
e i n r s t v b f x y IN cb io on os pi re tx rx gc add arg bin buf cos end exp hex log low max min
oct off sin sub tan irq OUT ADC I2C PWM Pin SPI RTC ps1 ps2 nan inf sys acos asin atan argv bits
ceil code core coro data done dump exit fabs feed fill fmod freq high idle imag init json line
load lock math mem8 mode modf name pack path peek poll poly pull push real rect scan seed seek
size sqrt stat sync task tell text time wait array chdir crc32 deque dumps float floor flush
group isnan loads match mkdir mount phase polar reset rmdir sleep slice state ticks trunc union
"""

#: Names that a port with the usual modules (math, machine, asyncio, framebuf) has in ROM, each
#: seen in the Pico's; where one is missing it costs what any other name costs.
COMMON = tuple(_COMMON.split())

#: What exceptions have of their own.
TAKEN = {"args", "value", "errno"}

#: Called with keywords by us: methods of libraries' objects.
_FOREIGN = ("sort", "wrap_socket", "load_verify_locations")

#: What an app's author imports (`firmware/README.md`): a module by itself, its functions and their
#: arguments, which may be given by keyword, with the names that they have.
AUTHORED = ("__init__", "console")


def check_keywords(module: Module, modules: Mapping[str, Module]) -> None:
    """Arguments get other names, so no call may name one, but of what is not ours."""
    scopes = {id(found.node): found.scope for found in module.occurrences}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not node.keywords:
            continue
        root: ast.AST = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name):
            scope = scopes[id(root)]
            if root is node.func and scope.resolve(root.id) is None:
                continue  # a function of the interpreter
            imported = module.imported(root.id, scope)
            if imported and imported.split(".")[0] not in modules:
                continue  # of a library
        if isinstance(node.func, ast.Attribute) and node.func.attr in _FOREIGN:
            continue
        raise ShrinkError(f"an argument by keyword: {module.at(node)}")


# -- private names


def private(name: str) -> bool:
    """Whether a name is of its own module only."""
    return name.startswith("_") and name != "_" and not name.startswith("__")


def rename_private(
    modules: Mapping[str, Module], kept: Set[str], kin: Set[tuple[str, str]] = frozenset()
) -> dict[str, dict[str, str]]:
    """By module: private name -> its name from now on; `kin` are modules that share theirs.

    No two attributes share one within a module, and no two globals; an attribute and a global may,
    where the attribute is no function: which one is meant is always known.
    """
    texts = texts_of(modules) | kept
    attributes = {name: own_attributes(module) for name, module in modules.items()}
    renamed: dict[str, dict[str, str]] = {}
    for cluster in _clusters(modules, kin):
        members = [modules[name] for name in cluster]
        own = set().union(*(attributes[name] for name in cluster))
        uses: Counter[tuple[bool, str]] = Counter()
        busy = set(texts)
        objects = texts | TAKEN | own
        bound: set[str] = set()
        for module in members:
            bound |= bound_by_classes(module)
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Attribute):
                    objects.add(node.attr)
                    if private(node.attr):
                        if node.attr not in own | kept:
                            raise ShrinkError(f"private to another module: {module.at(node)}")
                        uses[True, node.attr] += 1
            for found in module.occurrences:
                busy.add(found.name)
                home = found.scope.resolve(found.name)
                if private(found.name) and home and (home.is_class or home is module.top):
                    uses[home.is_class, found.name] += 1
        # A class's body sees the globals; other attributes may be called like one.
        seen = set().union(*(module.top.bound for module in members))
        tables: dict[bool, dict[str, str]] = {True: {}, False: {}}
        # The most used one gets the first name; the same for the same sources.
        for (attribute, name), _ in sorted(uses.items(), key=lambda use: (-use[1], use[0])):
            if name in texts:
                continue
            taken = objects | (seen if name in bound else set()) if attribute else busy
            new = next(_free(taken))
            tables[attribute][name] = new
            if attribute:
                objects.add(new)
            if not attribute or name in bound:
                busy.add(new)
            if not attribute:
                seen.add(new)
        for module in members:
            _apply(module, tables[True], tables[False])
            renamed[module.name] = tables[False] | tables[True]
    return renamed


def _apply(module: Module, attributes: Mapping[str, str], tops: Mapping[str, str]) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in attributes:
            node.attr = attributes[node.attr]
    homes = [(found, found.scope.resolve(found.name)) for found in module.occurrences]
    for found, home in homes:
        if home is None or not (home.is_class or home is module.top):
            continue
        new = (attributes if home.is_class else tops).get(found.name)
        if new:
            if isinstance(found.node, ast.alias):
                raise ShrinkError(f"a private name imported: {module.at(found.node)}")
            found.change(new)
    module.read()


def bound_by_classes(module: Module) -> set[str]:
    """Names that are defined in the bodies of classes: methods, and what all objects share."""
    return {found.name for found in module.occurrences if found.scope.is_class and not found.load}


def _free(taken: set[str]) -> Iterator[str]:
    yield from (name for name in (*POOL, *COMMON) if name not in taken)
    for number in range(1000):
        name = f"{chr(97 + number % 26)}{number // 26 or ''}"
        if name not in taken:
            yield name


def texts_of(modules: Mapping[str, Module]) -> set[str]:
    """All texts: a name that is one of them may be looked up by it."""
    return {
        node.value
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def own_attributes(module: Module) -> set[str]:
    """What a module's classes define or a module stores: the private ones are its own."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            found.add(node.attr)
    for occurrence in module.occurrences:
        if occurrence.scope.is_class and not occurrence.load:
            found.add(occurrence.name)
    return found


def _clusters(modules: Mapping[str, Module], kin: Set[tuple[str, str]]) -> list[list[str]]:
    # Modules whose classes inherit from each other share private names.
    home = {name: {name} for name in modules}
    for one, other in sorted(kin):
        joined = home[one] | home[other]
        home.update((name, joined) for name in joined)
    for module in modules.values():
        scopes = {id(found.node): found.scope for found in module.occurrences}
        for node in ast.walk(module.tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                root = base.value if isinstance(base, ast.Attribute) else base
                if not isinstance(root, ast.Name):
                    raise ShrinkError(f"a base that is no name: {module.at(node)}")
                imported = module.imported(root.id, scopes[id(root)])
                base_of = imported and imported.split(".")[0]
                if base_of in home:
                    joined = home[module.name] | home[base_of]
                    home.update((name, joined) for name in joined)
    return sorted({tuple(sorted(names)): sorted(names) for names in home.values()}.values())


# -- arguments


def rename_arguments(module: Module) -> None:
    """Arguments, and functions within functions: what else of a function has a name."""
    functions = [
        node for node in ast.walk(module.tree) if isinstance(node, (*FUNCTIONS, ast.Lambda))
    ]
    within: dict[ast.AST, list[Occurrence]] = defaultdict(list)
    for found in module.occurrences:
        for scope in found.scope.chain():
            within[scope.node].append(found)
    # From the outside inwards: an inner function sees the new names of the outer one.
    for function in functions:
        if module.name in AUTHORED and function in module.tree.body:
            continue
        inside = within[function]
        local = sorted(
            found.name
            for found in inside
            if found.scope.node is function and isinstance(found.node, FUNCTIONS)
        )
        wanted = [argument.arg for argument in all_arguments(function.args)] + local
        taken = {found.name for found in inside}
        free = _free(taken)
        names = {name: next(free) for name in wanted if name not in (*POOL, "self", "_")}
        changed = [
            (found, names[found.name])
            for found in inside
            if found.name in names and _resolved_in(found, function)
        ]
        for found, name in changed:
            found.scope.rename(found.name, name)
            found.change(name)
            found.name = name
    module.read()


def _resolved_in(found: Occurrence, function: ast.AST) -> bool:
    home = found.scope.resolve(found.name)
    return home is not None and home.node is function
