"""Functions that are rarely needed, in modules of their own: the parts of a module.

What calls such a function stays as it is: a stub of the same name imports the part and calls it
there. Whoever lets the module go lets its parts go; a part may go by itself, too.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from .errors import ShrinkError
from .names import private
from .scopes import Module, Occurrence, Strip, all_arguments

# Of an attribute: it says which function of a part is called, and asks nobody else for it.
_WITHIN = "within"


@dataclass
class Parts:
    """What was taken apart.

    Attributes
    ----------
    bundles
        Part -> its modules, one for each that functions were taken from.
    owners
        Such a module -> the one that its functions were taken from.
    former
        Module -> a global that had to become public -> the private name that it had.
    """

    bundles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    former: dict[str, dict[str, str]] = field(default_factory=dict)


def take_apart(
    modules: dict[str, Module], parts: Mapping[str, Sequence[str]], kept: Set[str]
) -> Parts:
    """Move functions to modules of parts, in place; those of a part are to be made one.

    Parameters
    ----------
    parts
        By name of a part: functions as ``module.function`` or ``module.Class.method``, and whole
        classes as ``module.Class`` where only functions of the same part use them.
    kept
        Names that somebody looks for.

    Raises
    ------
    ShrinkError
        There is no such function, or it cannot be moved.
    """
    plan = Parts()
    stubs: list[tuple[Module, list[ast.stmt], ast.stmt]] = []
    for part, names in parts.items():
        members = []
        for home in dict.fromkeys(name.partition(".")[0] for name in names):
            paths = [name.partition(".")[2] for name in names if name.startswith(home + ".")]
            move = _Move(f"{part}_{home}", modules[home], paths, kept)
            modules[move.name] = move.module()
            stubs += [(modules[home], place, stub) for place, stub in move.stubs]
            members.append(move.name)
            plan.owners[move.name] = home
            plan.former.setdefault(home, {}).update(move.former)
        plan.bundles[part] = tuple(members)
    _drop_unused(modules, stubs, set(plan.owners), kept)
    return plan


def _drop_unused(
    modules: Mapping[str, Module],
    stubs: Sequence[tuple[Module, list[ast.stmt], ast.stmt]],
    own_modules: Set[str],
    kept: Set[str],
) -> None:
    # What only functions of the same part call needs no stub.
    names = set(kept)
    attributes = set(kept)
    for module in modules.values():
        for found in module.occurrences:
            own = module.name in own_modules and found.scope.resolve(found.name) is module.top
            if found.load and not own:
                names.add(found.name)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and not hasattr(node, _WITHIN):
                attributes.add(node.attr)
            elif isinstance(node, ast.alias):
                names.add(node.name)
            elif isinstance(node, ast.Constant):
                attributes.add(str(node.value))
    for module, place, stub in stubs:
        name = str(getattr(stub, "name", ""))
        top = place is module.tree.body
        asked = name[:2] == "__" or name in attributes or (top and name in names)
        if isinstance(stub, ast.ClassDef) and asked:
            raise ShrinkError(f"a class of a part that others use: {module.name}.{name}")
        if not asked:
            place.remove(stub)
    for module in {id(module): module for module, _, _ in stubs}.values():
        Strip().visit(module.tree)
        _drop_unread_imports(module)


def _drop_unread_imports(module: Module) -> None:
    module.read()
    for statement in module.tree.body[:]:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names[:]:
                name = alias.asname or alias.name.partition(".")[0]
                if not any(found.load for found in module.binding(name, module.top)):
                    statement.names.remove(alias)
            if not statement.names:
                module.tree.body.remove(statement)
    module.read()


class _Move:
    # From one module to one part.
    def __init__(self, name: str, home: Module, paths: Sequence[str], kept: Set[str]) -> None:
        self.name = name
        self.home = home
        self.kept = kept
        # Class, or None; the function; where it stands.
        self.nodes = [self._find(path) for path in paths]
        self.former: dict[str, str] = {}
        self._publish(node.name for owner, node, _ in self.nodes if not owner)
        self.tops = {node.name for owner, node, _ in self.nodes if not owner}
        self.methods = {(owner, node.name) for owner, node, _ in self.nodes if owner}
        self.stubs: list[tuple[list[ast.stmt], ast.stmt]] = []

    def _find(self, path: str) -> tuple[str, ast.FunctionDef | ast.ClassDef, list[ast.stmt]]:
        owner, _, name = path.rpartition(".")
        place = self.home.tree.body
        for node in place:
            if isinstance(node, ast.ClassDef) and node.name == owner:
                place = node.body
        for node in place:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                if self._can_be_moved(node):
                    return owner, node, place
                raise ShrinkError(f"{self.name}: cannot be moved: {self.home.at(node)}")
        raise ShrinkError(f"{self.name}: there is no {self.home.name}.{path}")

    def _can_be_moved(self, node: ast.FunctionDef | ast.ClassDef) -> bool:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global) or getattr(inner, "id", "") == "super":
                return False
        if isinstance(node, ast.ClassDef):
            return True
        arguments = node.args
        unnamed = arguments.vararg or arguments.kwarg or arguments.kwonlyargs
        return not (unnamed or node.decorator_list)

    def _publish(self, names: Iterable[str]) -> None:
        # What a part and its home have of each other is not private.
        for name in set(names):
            if private(name) and name not in self.kept:
                new = f"{name[1:]}_of_{self.home.name}"
                self.former[new] = name
                for found in self.home.binding(name, self.home.top):
                    found.change(new)
        self.home.read()

    def module(self) -> Module:
        """The part's module; the home keeps stubs."""
        home = self.home
        inside = {id(inner) for _, node, _ in self.nodes for inner in ast.walk(node)}
        moving = {id(node) for _, node, _ in self.nodes}

        def globals() -> list[Occurrence]:
            return [
                found
                for found in home.occurrences
                if id(found.node) in inside
                and id(found.node) not in moving
                and found.scope.resolve(found.name) is home.top
                and found.name not in self.tops
                and not home.imported(found.name, home.top)
            ]

        self._publish(found.name for found in globals())
        elsewhere: dict[int, ast.expr] = {
            id(found.node): ast.Attribute(ast.Name(home.name, ast.Load()), found.name, ast.Load())
            for found in globals()
        }
        # What the home imports; what is not needed goes at once.
        body: list[ast.stmt] = [
            copy.deepcopy(statement)
            for statement in home.tree.body
            if isinstance(statement, ast.Import | ast.ImportFrom)
        ]
        body.append(ast.ImportFrom("uscomo", [ast.alias(home.name)], 0))
        classes: dict[str, ast.ClassDef] = {}
        for owner, node, place in self.nodes:
            at = place.index(node)
            if isinstance(node, ast.FunctionDef):
                place[at] = self._stub(owner, node)
            else:
                place[at] = ast.ClassDef(node.name, [], [], [ast.Pass()], [])
            self.stubs.append((place, place[at]))
            moved = _Moved(elsewhere, owner, self.methods).visit(node)
            if not owner:
                body.append(moved)
                continue
            if owner not in classes:
                classes[owner] = ast.ClassDef(owner, [], [], [], [])
                body.append(classes[owner])
            classes[owner].body.append(moved)
        home.read()
        module = Module(self.name, ast.fix_missing_locations(ast.Module(body, [])))
        _drop_unread_imports(module)
        return module

    def _stub(self, owner: str, node: ast.FunctionDef) -> ast.stmt:
        call: ast.expr = ast.Name(self.name, ast.Load())
        for name in filter(None, (owner, node.name)):
            call = ast.Attribute(call, name, ast.Load())
            setattr(call, _WITHIN, True)
        given: list[ast.expr] = [
            ast.Name(argument.arg, ast.Load()) for argument in all_arguments(node.args)
        ]
        stub = copy.copy(node)
        stub.args = copy.deepcopy(node.args)
        stub.body = [
            ast.ImportFrom("uscomo", [ast.alias(self.name)], 0),
            ast.Return(ast.Call(call, given, [])),
        ]
        return ast.fix_missing_locations(stub)


class _Moved(ast.NodeTransformer):
    # Globals are the home's; a method of the same part is its class's.
    def __init__(
        self, elsewhere: Mapping[int, ast.expr], owner: str, methods: Set[tuple[str, str]]
    ) -> None:
        self.elsewhere = elsewhere
        self.owner = owner
        self.methods = methods

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if id(node) in self.elsewhere and not isinstance(node.ctx, ast.Load):
            raise ShrinkError(f"a global is set in a part: {node.id}")
        return self.elsewhere.get(id(node), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = node.func
        if (
            isinstance(called, ast.Attribute)
            and isinstance(called.value, ast.Name)
            and called.value.id == "self"
            and (self.owner, called.attr) in self.methods
        ):
            node.args.insert(0, called.value)
            called.value = ast.Name(self.owner, ast.Load())
            setattr(called, _WITHIN, True)
        return node
