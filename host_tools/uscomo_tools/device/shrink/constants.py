"""Constants of the agent's modules: folded where they are read in any module, and dropped."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Set

from .scopes import FUNCTIONS, Module, Occurrence, Strip

#: Read by name from outside the agent: public names and constants stay.
OPEN = ("uscomo_boot",)

#: How much a module of `OPEN` can hold. An older stage 0 may hold less than the one that an agent
#: was made with, so that it is asked and not folded. Other numbers are of the format on flash.
ASKED = "MAX_"


#: (module, name) -> value
Values = dict[tuple[str, str], "int | str | bytes"]


def fold(modules: Mapping[str, Module], kept: Set[str]) -> None:
    """Replace what reads a constant by its value, and drop constants that nobody reads by name."""
    values: Values = {}
    for module in modules.values():
        _find_constants(module, values)
    for module in modules.values():
        replaced: dict[int, ast.expr] = {}
        for found in module.occurrences:
            if found.load and (place := _constant(module, found, values)):
                replaced[id(found.node)] = _literal(values[place])
        attributes = _attributes_of_modules(module)
        for node, place in attributes:
            if place in values:
                replaced[id(node)] = _literal(values[place])
        _Fold(replaced).visit(module.tree)
        module.read()
    for module in modules.values():
        gone = {
            name
            for home, name in values
            if home == module.name
            and (name.startswith("_") or home not in OPEN)
            and name not in kept
        }
        _Drop(module, gone).visit(module.tree)
        module.read()
        _drop_imports(module, modules, values)


def _find_constants(module: Module, values: Values) -> None:
    known: dict[str, int | str | bytes] = {}
    for node in module.tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        if not isinstance(target, ast.Name):
            continue
        if module.name in OPEN and target.id.startswith(ASKED):
            continue
        if isinstance(value, ast.Call) and ast.unparse(value.func) == "const":
            value = value.args[0]
        elif not (module.name in OPEN and _is_number(value)):
            continue
        stores = [o for o in module.binding(target.id, module.top) if not o.load]
        if len(stores) > 1:
            continue
        try:
            code = compile(ast.Expression(value), module.name, "eval")
            found = eval(code, {"__builtins__": {}}, dict(known))
        except NameError:
            continue
        if isinstance(found, int | str | bytes):
            known[target.id] = found
            values[module.name, target.id] = found


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _constant(module: Module, found: Occurrence, values: Values) -> tuple[str, str] | None:
    home = found.scope.resolve(found.name)
    if home is module.top and (module.name, found.name) in values:
        return module.name, found.name
    imported = module.imported(found.name, found.scope)
    if imported:
        origin, _, name = imported.partition(".")
        if (origin, name) in values:
            return origin, name
    return None


def _attributes_of_modules(module: Module) -> list[tuple[ast.Attribute, tuple[str, str]]]:
    scopes = {id(found.node): found.scope for found in module.occurrences}
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            imported = module.imported(node.value.id, scopes[id(node.value)])
            if imported:
                found.append((node, (imported, node.attr)))
    return found


def _literal(value: int | str | bytes) -> ast.expr:
    if isinstance(value, int) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


class _Fold(ast.NodeTransformer):
    def __init__(self, replaced: Mapping[int, ast.expr]) -> None:
        self.replaced = replaced

    def visit(self, node: ast.AST) -> ast.AST:
        return self.replaced.get(id(node)) or super().visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        # What const() was of no use for: a tuple, or assigned twice.
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "const":
            return node.args[0]
        return node


class _Drop(ast.NodeTransformer):
    # The definitions of folded constants.
    def __init__(self, module: Module, gone: set[str]) -> None:
        self.module = module
        self.gone = gone

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = [
            statement
            for statement in node.body
            if not (
                isinstance(statement, ast.Assign)
                and isinstance(statement.targets[0], ast.Name)
                and statement.targets[0].id in self.gone
            )
        ]
        return node


def _drop_imports(
    module: Module,
    modules: Mapping[str, Module],
    values: Values,
) -> None:
    # Names of folded constants, `const`, and modules of which nothing but constants was read.
    class Imports(ast.NodeTransformer):
        def _import(self, node: ast.Import | ast.ImportFrom) -> ast.AST | None:
            node.names = [alias for alias in node.names if not unread(alias)]
            return node if node.names else None

        visit_Import = visit_ImportFrom = _import

    aliases = {id(o.node): o for o in module.occurrences if isinstance(o.node, ast.alias)}

    def unread(alias: ast.alias) -> bool:
        occurrence = aliases[id(alias)]
        origin, _, name = getattr(alias, "module", "").partition(".")
        ours = origin in modules
        if module.name == "constant" or not ours:
            return False
        home = occurrence.scope.resolve(occurrence.name)
        assert home
        if any(found.load for found in module.binding(occurrence.name, home)):
            return False
        if (origin, name) in values or (origin, name) == ("constant", "const"):
            return True
        # An import may be there for what it does, or bring in a module before its time comes.
        return not name and not isinstance(home.node, FUNCTIONS)

    Imports().visit(module.tree)
    Strip().visit(module.tree)  # a body may be empty now
    module.read()
