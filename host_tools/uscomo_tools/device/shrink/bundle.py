"""Several modules made one, for what is always in memory together.

A module costs a dictionary, names, and a file to be opened; what it has of another one costs an
import and a lookup each time. In a bundle all that is a global. Whoever imports a module of a
bundle gets the bundle; whoever lets one go lets the bundle go.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .errors import ShrinkError
from .names import AUTHORED
from .public import handed_around, module_attributes
from .scopes import FUNCTIONS, Module, Occurrence, Scope, Strip

#: What a global of a bundle is: (module, name) that defines it, or ("", path) of an import.
_Entity = tuple[str, str]

#: One of the bundle's own modules, which is no global of it.
_INSIDE = ("", "")

#: Of `platform`: take the names of modules.
_LET_GO = ("let_go", "end_phase")


@dataclass
class Bundles:
    """Where the modules of bundles are.

    Attributes
    ----------
    homes
        Module -> its bundle.
    tops
        Module -> a global of it -> the name that this has in the bundle.
    modules
        All modules, in a bundle or not.
    followers
        Module -> what is let go with it.
    """

    homes: dict[str, str] = field(default_factory=dict)
    tops: dict[str, dict[str, str]] = field(default_factory=dict)
    modules: set[object] = field(default_factory=set)
    followers: dict[str, Sequence[str]] = field(default_factory=dict)

    def redirect(self, module: Module) -> None:
        """Let a module, or a script, import the bundles in place of their modules."""
        for attribute, base in module_attributes(module):
            if base in self.tops:
                attribute.attr = self.tops[base].get(attribute.attr, attribute.attr)
        for names in _lists_of_modules(module):
            self._change_list(names)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom):
                origin = (node.module or "").removeprefix("uscomo").removeprefix(".")
                if not node.module or (node.module != "uscomo" and origin not in self.homes):
                    continue
                for alias in node.names:
                    alias.asname = alias.asname or alias.name
                    if origin:
                        alias.name = self.tops[origin].get(alias.name, alias.name)
                    else:
                        alias.name = self.homes.get(alias.name, alias.name)
                if origin:
                    node.module = "uscomo." + self.homes[origin]
        module.read()
        _one_name_each(module)

    def _change_list(self, node: ast.Tuple) -> None:
        # Nothing but names of modules.
        names = [item.value if isinstance(item, ast.Constant) else "" for item in node.elts]
        if names and set(names) <= self.modules:
            homes = dict.fromkeys(self.homes.get(str(name), str(name)) for name in names)
            for name in names:
                homes.update(dict.fromkeys(self.followers.get(str(name), ())))
            node.elts = [ast.Constant(name) for name in homes]


def _lists_of_modules(module: Module) -> Iterator[ast.Tuple]:
    # In a module's own constant, or where they are let go. Elsewhere a text is a text.
    places = [node.value for node in module.tree.body if isinstance(node, ast.Assign)]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            places += node.args if called in _LET_GO else ()
    for place in places:
        yield from (node for node in ast.walk(place) if isinstance(node, ast.Tuple))


def _one_name_each(module: Module) -> None:
    # At a module's top, a module of ours has the name that it is found by, and that one only.
    for statement in module.tree.body:
        if not isinstance(statement, ast.ImportFrom) or statement.module != "uscomo":
            continue
        for alias in statement.names:
            former = alias.asname or alias.name
            if former != alias.name and all(
                found.scope.resolve(alias.name) is module.top
                and module.imported(alias.name, module.top) == alias.name
                for found in module.occurrences
                if found.name == alias.name
            ):
                for found in module.binding(former, module.top):
                    found.change(alias.name)
                module.read()
            if alias.asname == alias.name:
                alias.asname = None
    _import_once(module.tree.body)
    module.read()


def _import_once(body: list[ast.stmt]) -> None:
    bound: set[str] = set()
    for statement in body[:]:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name for alias in statement.names]
            new = dict(zip(names, statement.names, strict=True))
            statement.names = [alias for name, alias in new.items() if name not in bound]
            bound.update(names)
            if not statement.names:
                body.remove(statement)


def bundle(
    modules: dict[str, Module],
    bundles: Mapping[str, Sequence[str]],
    followers: Mapping[str, Sequence[str]],
) -> Bundles:
    """Make one module of those of each bundle, in place.

    Parameters
    ----------
    bundles
        By the name of one of its modules: the modules of a bundle, each behind those that it
        imports at its top. Constants must have been folded.
    followers
        Module -> what is let go with it.

    Raises
    ------
    ShrinkError
        A module of a bundle is handed around as a value, stands before one that it imports, or is
        imported by apps (`AUTHORED`).
    """
    homes = {member: name for name, members in bundles.items() for member in members}
    for name in AUTHORED:
        if name in homes:
            raise ShrinkError(f"of a bundle, and imported by apps: {name}")
    plan = Bundles(homes, modules={*modules, *bundles}, followers=dict(followers))
    for module in modules.values():
        for name in handed_around(module, modules) & set(plan.homes):
            raise ShrinkError(f"of a bundle, and handed around: {name}, in {module.name}")
    merges = [_Merge(name, members, modules) for name, members in bundles.items()]
    for merge in merges:
        plan.tops.update(merge.tops())
    for merge in merges:
        whole = merge.module()
        for member in merge.members:
            del modules[member.name]
        modules[whole.name] = whole
    for module in modules.values():
        plan.redirect(module)
    return plan


class _Merge:
    # One bundle: which global each name of its modules becomes.
    def __init__(self, name: str, members: Sequence[str], modules: Mapping[str, Module]) -> None:
        self.name = name
        self.members = [modules[member] for member in members]
        self.inside = {member: modules[member] for member in members}
        self._check_order()
        # Where each global is seen from.
        seen_from: dict[_Entity | None, list[Scope]] = defaultdict(list)
        taken: set[str] = set()
        for module in self.members:
            for found in module.occurrences:
                seen_from[self._of(module, found)].append(found.scope)
                if found.scope.resolve(found.name) is None:
                    taken.add(found.name)  # the interpreter's
            for _, scope, entity in self._attributes(module):
                seen_from[entity].append(scope)
        self.given: dict[_Entity | None, str] = {}
        # A definition keeps its name where it can.
        for entity in sorted(filter(None, seen_from), key=lambda e: (e[0] == "", e)):
            if entity == _INSIDE:
                continue
            scopes = [inner for scope in seen_from[entity] for inner in scope.chain()]
            hidden = {
                name
                for scope in scopes
                if scope.parent
                for name in scope.bound - set(scope.elsewhere)
            }
            new = wanted = entity[1].rpartition("/")[2].rpartition(".")[2]
            number = 0
            while new in taken or new in hidden:
                number += 1
                new = f"{wanted}_{number}"
            taken.add(new)
            self.given[entity] = new

    def tops(self) -> dict[str, dict[str, str]]:
        """By module: its globals, but for the bundle's modules -> their names from now on."""
        return {
            module.name: {
                name: self.given[entity]
                for name in module.top.bound
                if (entity := self._entity(module, name, module.top)) in self.given
            }
            for module in self.members
        }

    def module(self) -> Module:
        """All in one."""
        body: list[ast.stmt] = []
        for module in self.members:
            entities = [(found, self._of(module, found)) for found in module.occurrences]
            attributes = self._attributes(module)
            known = {id(node.value) for node, _, _ in attributes}
            known |= {id(found.node) for found in module.occurrences if not found.load}
            for found, entity in entities:
                if entity in self.given:
                    found.change(self.given[entity])
                elif entity == _INSIDE and id(found.node) not in known:
                    raise ShrinkError(f"a module of its own bundle: {module.at(found.node)}")
            globals = {id(node): self.given[entity] for node, _, entity in attributes}
            for node, scope, entity in attributes:
                if not isinstance(node.ctx, ast.Load) and isinstance(scope.node, FUNCTIONS):
                    scope.node.body.insert(0, ast.Global([self.given[entity]]))
            body += _Globals(globals, self.inside).visit(module.tree).body
        # Imports first: several may import the same.
        body.sort(key=lambda node: not isinstance(node, ast.Import | ast.ImportFrom))
        _import_once(body)
        return Module(self.name, ast.Module(body, []))

    def _check_order(self) -> None:
        before: set[str] = set()
        for module in self.members:
            for found in module.occurrences:
                if isinstance(found.node, ast.alias) and found.scope is module.top:
                    origin = _origin(found.node)
                    if origin in self.inside and origin not in before:
                        raise ShrinkError(f"{self.name}: {module.name} stands before {origin}")
            before.add(module.name)

    def _entity(self, module: Module, name: str, scope: Scope) -> _Entity:
        # What a name stands for that a scope of the module binds.
        imported = module.imported(name, scope)
        if imported is None:
            return module.name, name
        if imported in self.inside:
            return _INSIDE
        origin, _, attribute = imported.partition(".")
        if origin in self.inside:
            other = self.inside[origin]
            return self._entity(other, attribute, other.top)
        return "", imported

    def _of(self, module: Module, found: Occurrence) -> _Entity | None:
        # None where it is a function's own, or the interpreter's.
        home = found.scope.resolve(found.name)
        if home is None:
            return None
        imported = module.imported(found.name, home)
        if home is module.top or (imported or "").partition(".")[0] in self.inside:
            return self._entity(module, found.name, home)
        return None

    def _attributes(self, module: Module) -> list[tuple[ast.Attribute, Scope, _Entity]]:
        # What is asked of the bundle's modules.
        scopes = {id(found.node): found.scope for found in module.occurrences}
        return [
            (node, scopes[id(node.value)], self._entity(other, node.attr, other.top))
            for node, base in module_attributes(module)
            if (other := self.inside.get(base)) and isinstance(node.value, ast.Name)
        ]


def _origin(alias: ast.alias) -> str:
    return str(alias.module).partition(".")[0]  # type: ignore[attr-defined]


class _Globals(Strip):
    # `module.name` of the same bundle is a global; imports of its modules go.
    def __init__(self, names: Mapping[int, str], inside: Mapping[str, Module]) -> None:
        self.names = names
        self.inside = inside

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if id(node) in self.names:
            return ast.Name(self.names[id(node)], node.ctx)
        return self.generic_visit(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> ast.AST | None:
        node.names = [alias for alias in node.names if _origin(alias) not in self.inside]
        return node if node.names else None

    visit_Import = visit_ImportFrom = _import
