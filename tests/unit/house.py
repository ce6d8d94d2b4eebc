"""What the house rules read: the sources as syntax trees, with places that a person can find."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
FIRMWARE = REPOSITORY / "firmware"
HOST = REPOSITORY / "host_tools" / "uscomo_tools"


@dataclass(frozen=True)
class Source:
    """One module."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def at(self, node: ast.AST) -> str:
        """A node's place and text, for the message of a failure."""
        return f"{self.path.relative_to(REPOSITORY)}:{node.lineno}: {ast.unparse(node)[:90]}"

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call with its function as text."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node

    def imports(self, everywhere: bool = True) -> list[str]:
        """Full names of imported modules; `everywhere` counts imports inside functions too.

        ``from package import name`` counts as ``package.name`` where that is a module of ours.
        """
        found = []
        for node in ast.walk(self.tree) if everywhere else self.tree.body:
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [_imported(self, node, alias.name) for alias in node.names]
        return found


def _imported(source: Source, node: ast.ImportFrom, name: str) -> str:
    module = node.module or ""
    if node.level:  # relative, in the host package only
        package = source.path.relative_to(HOST.parent).with_suffix("").parts[: -node.level]
        module = ".".join((*package, *filter(None, [module])))
    inside = module == "uscomo" or module.startswith("uscomo_tools")
    file = (FIRMWARE if module == "uscomo" else HOST.parent) / Path(*module.split("."))
    is_module = (file / f"{name}.py").exists() or (file / name).is_dir()
    return f"{module}.{name}" if inside and is_module else module


def modules(folder: Path) -> list[Source]:
    """The sources of a folder and all below it."""
    return [Source(path) for path in sorted(folder.rglob("*.py"))]


def constant(node: ast.AST) -> bool:
    """Whether an expression is made of literals and named constants only."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name):
        return node.id.isupper()
    if isinstance(node, ast.Attribute):
        return node.attr.isupper()
    if isinstance(node, ast.BinOp):
        return constant(node.left) and constant(node.right)
    if isinstance(node, ast.IfExp):
        return constant(node.body) and constant(node.orelse)
    if isinstance(node, ast.Tuple | ast.List):
        return all(constant(element) for element in node.elts)
    return False


def work_at_import(source: Source) -> list[ast.Call]:
    """Calls that run when a module is imported: also in class bodies, defaults, decorators."""
    found: list[ast.Call] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
                if part is not None:
                    visit(part)
            return
        if isinstance(node, ast.Lambda):
            return
        if isinstance(node, ast.Call):
            found.append(node)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(source.tree)
    return found


def docstrings(source: Source) -> set[int]:
    """The ids of the constants that are docstrings: the compiler of a board drops them."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(source.tree)
        if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr)
    }
