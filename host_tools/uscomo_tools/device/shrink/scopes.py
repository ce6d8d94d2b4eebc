"""A module's names: where each one stands, and which scope binds it (Python's own rules)."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    """Where names are bound: a module, class, function, lambda or comprehension."""

    def __init__(self, node: ast.AST, parent: Scope | None) -> None:
        self.node = node
        self.parent = parent
        self.bound: set[str] = set()
        self.elsewhere: dict[str, str] = {}  # declared "global" or "nonlocal"

    @property
    def is_class(self) -> bool:
        """Whether it is a class's body, whose names its methods do not see."""
        return isinstance(self.node, ast.ClassDef)

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it, from the inside out."""
        scope: Scope | None = self
        while scope:
            yield scope
            scope = scope.parent

    def resolve(self, name: str) -> Scope | None:
        """The scope that binds a name seen from this one; None where none of the module does."""
        chain = list(self.chain())
        if self.elsewhere.get(name) == "global":
            return chain[-1]
        for number, scope in enumerate(chain):
            if scope.is_class and number:
                continue
            if name in scope.bound and name not in scope.elsewhere:
                return scope
        return chain[-1] if name in chain[-1].bound else None

    def rename(self, old: str, new: str) -> None:
        """Take over another name that it binds, or that it says a function around it does."""
        if old in self.bound:
            self.bound.remove(old)
            self.bound.add(new)
        if old in self.elsewhere:
            self.elsewhere[new] = self.elsewhere.pop(old)


@dataclass
class Occurrence:
    """A name in the source: where it stands, whether it is read there, how to change it."""

    name: str
    scope: Scope
    node: ast.AST
    change: Callable[[str], None]
    load: bool


@dataclass
class Module:
    """One module: its tree, its scope, its names. Call `read` after a change of the tree."""

    name: str
    tree: ast.Module
    top: Scope = field(init=False)
    occurrences: list[Occurrence] = field(init=False)
    _by_name: dict[str, list[Occurrence]] = field(init=False)
    _imported: dict[tuple[str, Scope], str | None] = field(init=False)

    def __post_init__(self) -> None:
        Strip().visit(self.tree)
        self.read()

    def read(self) -> None:
        """Look at the tree anew, after it was changed."""
        self.occurrences = []
        self.top = Scope(self.tree, None)
        self._statements(self.tree.body, self.top)
        self._by_name = defaultdict(list)
        self._imported = {}
        for found in self.occurrences:
            self._by_name[found.name].append(found)

    def at(self, node: ast.AST) -> str:
        """A node's place and text, for the message of an error."""
        return f"{self.name}.py:{getattr(node, 'lineno', 0)}: {ast.unparse(node)[:90]}"

    def binding(self, name: str, scope: Scope) -> list[Occurrence]:
        """All occurrences of the name that a scope binds."""
        return [
            found for found in self._by_name.get(name, ()) if found.scope.resolve(name) is scope
        ]

    def imported(self, name: str, scope: Scope) -> str | None:
        """The module of the agent that a name stands for, where it stands for nothing else."""
        home = scope.resolve(name)
        if home is None:
            return None
        if (name, home) not in self._imported:
            self._imported[name, home] = self._import_of(name, home)
        return self._imported[name, home]

    def _import_of(self, name: str, home: Scope) -> str | None:
        found = set()
        for occurrence in self.binding(name, home):
            if occurrence.load or isinstance(occurrence.node, ast.Global | ast.Nonlocal):
                continue
            if isinstance(getattr(occurrence.node, "ctx", None), ast.Del):
                continue
            if not isinstance(occurrence.node, ast.alias):
                return None
            found.add(getattr(occurrence.node, "module", None))
        return found.pop() if len(found) == 1 else None

    # Walking: what is evaluated outside of a function, class or comprehension is seen there.

    def _note(
        self, name: str, scope: Scope, node: ast.AST, change: Callable[[str], None], load: bool
    ) -> None:
        if not load:
            # Assigned in a comprehension (:=): bound where the comprehension stands.
            scope.bound.add(name)
        self.occurrences.append(Occurrence(name, scope, node, change, load))

    def _set(self, node: ast.AST, attribute: str) -> Callable[[str], None]:
        return lambda name: setattr(node, attribute, name)

    def _statements(self, nodes: list[ast.stmt], scope: Scope) -> None:
        for node in nodes:
            self._walk(node, scope)

    def _walk(self, node: ast.AST | None, scope: Scope) -> None:
        if node is None:
            return
        if isinstance(node, ast.Name):
            self._note(node.id, scope, node, self._set(node, "id"), isinstance(node.ctx, ast.Load))
        elif isinstance(node, ast.NamedExpr):
            self._walk(node.value, scope)
            outer = scope
            while isinstance(outer.node, COMPREHENSIONS) and outer.parent:
                outer = outer.parent
            self._walk(node.target, outer)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            kind = "global" if isinstance(node, ast.Global) else "nonlocal"
            for number, name in enumerate(node.names):
                scope.elsewhere[name] = kind
                self.occurrences.append(
                    Occurrence(name, scope, node, _Element(node.names, number), False)
                )
                if kind == "global":
                    self.top.bound.add(name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                self._alias(node, alias, scope)
        elif isinstance(node, ast.ExceptHandler):
            self._walk(node.type, scope)
            if node.name:
                self._note(node.name, scope, node, self._set(node, "name"), False)
            self._statements(node.body, scope)
        elif isinstance(node, FUNCTIONS):
            self._note(node.name, scope, node, self._set(node, "name"), False)
            for decorator in node.decorator_list:
                self._walk(decorator, scope)
            self._statements(node.body, self._arguments(node, node.args, scope))
        elif isinstance(node, ast.Lambda):
            self._walk(node.body, self._arguments(node, node.args, scope))
        elif isinstance(node, ast.ClassDef):
            self._note(node.name, scope, node, self._set(node, "name"), False)
            for part in (*node.decorator_list, *node.bases, *node.keywords):
                self._walk(part, scope)
            self._statements(node.body, Scope(node, scope))
        elif isinstance(node, COMPREHENSIONS):
            inner = Scope(node, scope)
            for number, generator in enumerate(node.generators):
                self._walk(generator.iter, inner if number else scope)
                self._walk(generator.target, inner)
                for condition in generator.ifs:
                    self._walk(condition, inner)
            if isinstance(node, ast.DictComp):
                self._walk(node.key, inner)
                self._walk(node.value, inner)
            else:
                self._walk(node.elt, inner)
        else:
            for child in ast.iter_child_nodes(node):
                self._walk(child, scope)

    def _arguments(self, node: ast.AST, arguments: ast.arguments, scope: Scope) -> Scope:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self._walk(default, scope)
        inner = Scope(node, scope)
        for argument in all_arguments(arguments):
            self._note(argument.arg, inner, argument, self._set(argument, "arg"), False)
        return inner

    def _alias(self, node: ast.Import | ast.ImportFrom, alias: ast.alias, scope: Scope) -> None:
        name = alias.asname or alias.name.split(".")[0]
        path = alias.name if alias.asname or isinstance(node, ast.ImportFrom) else name
        if isinstance(node, ast.ImportFrom):
            path = f"{node.module}.{alias.name}"
        # A note on the node itself, for `imported`; a library's module may be called like ours.
        ours = path.startswith("uscomo.") or path == "uscomo_boot"
        found = path.removeprefix("uscomo.") if ours else "/" + path
        alias.module = found  # type: ignore[attr-defined]

        def change(new: str) -> None:
            alias.asname = new

        self._note(name, scope, alias, change, False)


@dataclass
class _Element:
    # A name of a `global` statement.
    names: list[str]
    number: int

    def __call__(self, name: str) -> None:
        self.names[self.number] = name


def all_arguments(arguments: ast.arguments) -> list[ast.arg]:
    """Arguments of every kind."""
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return found + [extra for extra in (arguments.vararg, arguments.kwarg) if extra]


class Strip(ast.NodeTransformer):
    """Drops docstrings and annotations, and fills bodies that are empty."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """A docstring, or a constant that does nothing."""
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        """An assignment, if it is one."""
        if node.value is None:
            return None
        assign = ast.Assign([node.target], node.value, lineno=node.lineno)
        return self.generic_visit(assign)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """An argument without its type."""
        node.annotation = None
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self._body(node)

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def _body(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if not node.body:  # type: ignore[attr-defined]
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node

    visit_ClassDef = visit_If = visit_For = visit_AsyncFor = visit_While = _body
    visit_With = visit_AsyncWith = visit_Try = visit_ExceptHandler = _body
