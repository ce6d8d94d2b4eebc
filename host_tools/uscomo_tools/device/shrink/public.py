"""New names for what the agent's modules call each other by.

Two kinds. What a module defines at its top (functions, classes, variables) is reached as
``module.name`` or by ``from module import name``: whose it is, is known. What classes and objects
have is reached as ``something.name``, which says nothing of whose it is: such a name is given up
only where all that bear it are the agent's.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from string import ascii_letters

from .constants import OPEN
from .errors import ShrinkError
from .library import LIBRARIES
from .names import (
    AUTHORED,
    COMMON,
    POOL,
    TAKEN,
    bound_by_classes,
    private,
)
from .scopes import Module

#: Called by a host at the cable, of whatever release: the functions of `cable`; by apps:
#: `console.line`.
EXPOSED = frozenset({"serve", "leave", "listed", "line"})

#: The package itself, and what a firmware's maker may have frozen beside it.
_NOT_LISTED = ("uscomo", "uscomo_frozen")

#: All texts of these are names of fields, which go to getattr: they change with the attributes.
_FIELDS = ("syncml",)
_FIELD = "field"

_BY_TEXT = ("getattr", "setattr", "hasattr", "delattr")


@dataclass
class Names:
    """Public name -> its name from now on; `tops` by module, `attributes` of objects."""

    tops: dict[str, dict[str, str]] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)

    def apply(self, module: Module, whole: bool = True) -> None:
        """Give them to a module, or (not `whole`) to a script that uses the agent's modules."""
        own = self.tops.get(module.name, {}) if whole else {}
        for node, base in module_attributes(module):
            if base in self.tops:
                node.attr = self.tops[base].get(node.attr, node.attr)
            elif not base:
                node.attr = self.attributes.get(node.attr, node.attr)
        for text in (*_fields(module), *_looked_up(module)):
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                text.value = self.attributes.get(text.value, text.value)
        for found in module.occurrences:
            alias = found.node
            if isinstance(alias, ast.alias):
                origin, _, name = alias.module.partition(".")  # type: ignore[attr-defined]
                if name in self.tops.get(origin, ()):
                    # Bound by the name that it had: a variable of a function has none in bytecode.
                    alias.asname = alias.asname or alias.name
                    alias.name = self.tops[origin][name]
        homes = [(found, found.scope.resolve(found.name)) for found in module.occurrences]
        for found, home in homes:
            if home is module.top and whole:
                if imported := module.imported(found.name, home):
                    origin, _, name = imported.partition(".")
                    new = self.tops.get(origin, {}).get(name) if found.name == name else None
                else:
                    new = own.get(found.name)
            else:
                of_class = home is not None and home.is_class
                new = self.attributes.get(found.name) if of_class else None
            if new:
                found.change(new)
        module.read()


def public_names(modules: Mapping[str, Module], kept: Set[str]) -> Names:
    """Choose them; `kept` stay.

    Stay, too: what an app or a board's `main.py` calls (`AUTHORED`, `OPEN`), and a name of objects
    that a library's objects have (`LIBRARIES`) or that stands as a text where names are looked up
    by text. An attribute that is neither the agent's nor a library's breaks the build: nobody
    knows whose it is.
    """
    texts = _texts(modules)
    libraries = _libraries(modules)
    definers: dict[str, set[str]] = defaultdict(set)
    for module in modules.values():
        for name in _of_objects(module):
            definers[name].add(module.name)
    of_objects = set(definers)
    of_tops = {name: _top(module) for name, module in modules.items()}
    loose = {name for module in modules.values() for name in handed_around(module, modules)}
    passed_on = {name: _passed_on(module, modules) for name, module in modules.items()}
    closed = (*OPEN, *AUTHORED)
    held = {place for name in loose for place in passed_on[name].items()}
    uses: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    foreign = set()
    for module in modules.values():
        for node, base in module_attributes(module):
            uses[base, node.attr][module.name] += 1
            if base.startswith("/"):
                foreign.add(node.attr)
            elif not base:
                known = node.attr in of_objects or node.attr in libraries or node.attr[:2] == "__"
                if not known and not any(
                    node.attr in of_tops[name] or node.attr in passed_on[name] for name in loose
                ):
                    raise ShrinkError(f"neither ours nor a library's: {module.at(node)}")
        for found in module.occurrences:
            if isinstance(found.node, ast.alias):
                origin, _, name = found.node.module.partition(".")  # type: ignore[attr-defined]
                uses[origin, name][module.name] += 1
            elif found.scope.resolve(found.name) is module.top:
                uses[module.name, found.name][module.name] += 1
    stays = libraries | texts | foreign | set(kept)
    for name in loose:
        stays |= of_tops.get(name, set())
    wanted = [
        (-uses["", name].total(), name, "")
        for name in of_objects - stays
        if not private(name) and name[:2] != "__"
    ]
    for home in sorted(set(modules) - set(closed) - loose):
        wanted += [
            (-uses[home, name].total(), name, home)
            for name in of_tops[home] - kept
            if not private(name) and name[:2] != "__" and (name, home) not in held
        ]
    names = Names({module: {} for module in modules})
    given = set(kept) | TAKEN | set(modules) | of_objects | texts  # to objects, in all modules
    for module in modules.values():
        given |= {str(node.value) for node in _looked_up(module) if isinstance(node, ast.Constant)}
    busy = {
        name: {occurrence.name for occurrence in module.occurrences}
        for name, module in modules.items()
    }
    # A class's body sees the globals; other attributes may be called like one.
    bound = {name: bound_by_classes(module) for name, module in modules.items()}
    seen = {name: set(module.top.bound) for name, module in modules.items()}
    for _, name, home in sorted(wanted):
        if home:
            users = {home, *uses[home, name]}
            taken = set().union(*(busy[user] for user in users))
        else:
            users = {definer for definer in definers[name] if name in bound[definer]}
            taken = given.union(*(seen[user] for user in users))
        new = next(free for free in _free() if free not in taken)
        (names.tops[home] if home else names.attributes)[name] = new
        for user in users:
            busy[user].add(new)
        if home:
            seen[home].add(new)
        else:
            given.add(new)
    for home, table in passed_on.items():
        for name, origin in table.items():
            if name in names.tops[origin]:
                names.tops[home][name] = names.tops[origin][name]
    return names


def _libraries(modules: Mapping[str, Module]) -> set[str]:
    # The names of all that the agent imports.
    found = set(LIBRARIES["builtins"].split())
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.alias):
                name = node.module.removeprefix("/").split(".")[0]  # type: ignore[attr-defined]
                if node.module.startswith("/") and name not in _NOT_LISTED:  # type: ignore[attr-defined]
                    if name not in LIBRARIES:
                        raise ShrinkError(f"not in the list of libraries: {module.at(node)}")
                    found |= set(LIBRARIES[name].split())
    return found


def module_attributes(module: Module) -> list[tuple[ast.Attribute, str]]:
    """With the module that each is one of: ours by name, another's as "/", "" is an object's."""
    scopes = {id(occurrence.node): occurrence.scope for occurrence in module.occurrences}
    given = _given(module)
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in given:
            found.append((node, given[ast.unparse(node.value.func)]))
            continue
        root: ast.AST = node.value
        while isinstance(root, ast.Attribute):
            root = root.value
        base = ""
        if isinstance(root, ast.Name):
            scope = scopes[id(root)]
            imported = module.imported(root.id, scope)
            if scope.resolve(root.id) is None or (imported or "").startswith("/"):
                base = "/"
            elif imported and "." not in imported and root is node.value:
                base = imported
        found.append((node, base))
    return found


def _given(module: Module) -> dict[str, str]:
    # Private functions that do nothing but import a module of ours: which one each returns.
    found = {}
    for function in module.tree.body:
        if isinstance(function, ast.FunctionDef) and private(function.name):
            last = function.body[-1]
            if isinstance(last, ast.Return) and isinstance(last.value, ast.Name):
                (scope,) = {
                    occurrence.scope
                    for occurrence in module.occurrences
                    if occurrence.node is last.value
                }
                imported = module.imported(last.value.id, scope)
                others = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
                none = all(isinstance(n.value, ast.Constant) for n in others if n is not last)
                if imported and imported[0] != "/" and "." not in imported and none:
                    found[function.name] = imported
    return found


def handed_around(module: Module, modules: Mapping[str, Module]) -> set[str]:
    """Modules of ours that are used as values: what is asked of them looks like an object's."""
    bases = {id(n.value) for n in ast.walk(module.tree) if isinstance(n, ast.Attribute)}
    given = _given(module)
    for function in module.tree.body:
        if isinstance(function, ast.FunctionDef) and function.name in given:
            bases |= {id(node) for node in ast.walk(function.body[-1])}
    found = set()
    for occurrence in module.occurrences:
        if occurrence.load and id(occurrence.node) not in bases:
            imported = module.imported(occurrence.name, occurrence.scope)
            if imported and imported in modules:
                found.add(imported)
    return found


def _texts(modules: Mapping[str, Module]) -> set[str]:
    # Texts that may be a name, where one of many is given to getattr. What an app's call hands on
    # is a text of the package's own module.
    found = set()
    for module in modules.values():
        if module.name in AUTHORED or not all(
            isinstance(text, ast.Constant) for text in _looked_up(module)
        ):
            found |= {
                node.value
                for node in ast.walk(module.tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and not hasattr(node, _FIELD)
            }
    return found


def _looked_up(module: Module) -> list[ast.expr]:
    # What attributes are looked up by; where it is one text, it is changed with them.
    return [
        node.args[1]
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in _BY_TEXT
        and not hasattr(node, _FIELD)
    ]


def mark_fields(modules: Mapping[str, Module]) -> None:
    """Mark the names of fields, and what looks them up, while it is known whose they are."""
    for name in set(_FIELDS) & set(modules):
        for node in ast.walk(modules[name].tree):
            if isinstance(node, ast.Constant | ast.Call):
                setattr(node, _FIELD, True)


def _fields(module: Module) -> list[ast.AST]:
    return [node for node in ast.walk(module.tree) if hasattr(node, _FIELD)]


def _top(module: Module) -> set[str]:
    # What a module itself binds at its top, but for what it imports.
    return {
        found.name
        for found in module.occurrences
        if not found.load
        and not isinstance(found.node, ast.alias)
        and found.scope.resolve(found.name) is module.top
        and not module.imported(found.name, module.top)
    }


def _passed_on(module: Module, modules: Mapping[str, Module]) -> dict[str, str]:
    # What it takes from our other modules by the name that it has there -> that module.
    found = {}
    for occurrence in module.occurrences:
        home = occurrence.scope.resolve(occurrence.name)
        if home is module.top and not occurrence.load:
            origin, _, name = (module.imported(occurrence.name, home) or "").partition(".")
            if origin in modules and name == occurrence.name:
                found[name] = origin
    return found


def _of_objects(module: Module) -> set[str]:
    # What classes define, and what is stored in an object.
    found = {
        node.attr
        for node, base in module_attributes(module)
        if not base and not isinstance(node.ctx, ast.Load)
    }
    return found | {o.name for o in module.occurrences if o.scope.is_class and not o.load}


def _free() -> Iterator[str]:
    yield from POOL
    yield from COMMON
    for number in range(10_000):
        yield f"{ascii_letters[number % len(ascii_letters)]}{number // len(ascii_letters) or ''}"
