"""The agent's sources with fewer and shorter names, ready for mpy-cross.

MicroPython interns every name of a function, class, argument, attribute and every text of up to
10 characters when the module is imported, and keeps it until the next reset. So names cost heap
even while the agent rests. `shrink` takes all modules together and

- folds constants: ``module.NAME``, ``from module import NAME`` and ``NAME`` become the number or
  text where the module says ``NAME = const(...)``, and the constant goes;
- gives functions, classes, globals, methods, attributes and arguments other names, out of
  `names.POOL`: names that every MicroPython has in ROM, where they cost nothing. They say nothing;
  `Shrunk.names` says what they stand for;
- makes one module of several that are in memory together (`bundle`);
- drops docstrings, annotations, and imports that nothing reads any more, and makes imports
  relative.

Local variables have no name in bytecode and stay as they are. So does what others reach: the
functions of the package itself, which apps call, all that is public in ``uscomo_boot``, whose file
may be older than the agent, and `EXPOSED`. A test's script for a board with such an agent goes
through `Shrunk.script`.

What it relies on, and refuses to go on without (`ShrinkError`): a private name is used in its own
module, or in one whose classes inherit from there; no call names an argument, but of a function
that is not ours (an app's author may: `names.KEYWORDS`); an attribute is ours or one of a library
that `library` lists, and keeps its name where it could be both (see `public`). A name that also
stands as a text keeps its name where it may be looked up by it.

How to read a traceback of a shrunk agent
-----------------------------------------
Bytecode has no line numbers. ``File "store", line 1, in append`` is the function of the module
``store`` that is called ``append`` now; no two functions of a module share a new name. The
module may be a bundle, which has the name of one of its modules. ``uscomo device traceback`` puts
the names back into a traceback, or prints the table of them.
Names depend on the sources alone: the tools of a release know the names of its agent.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from .bundle import Bundles, bundle
from .constants import OPEN, fold
from .errors import ShrinkError
from .names import check_keywords, own_attributes, rename_arguments, rename_private
from .public import EXPOSED, Names, mark_fields, public_names
from .scopes import FUNCTIONS, Module

__all__ = ["EXPOSED", "ShrinkError", "Shrunk", "shrink"]


@dataclass
class Shrunk:
    """The modules, and what became of their names.

    Attributes
    ----------
    sources
        Source by module name; a bundle has the name of one of its modules.
    names
        By the name of each module that was given: a name that it defines -> the one that this
        has now.
    public
        Those of them that other modules use.
    bundles
        Which bundle a module is in.
    functions
        By the name of each module that was given: its functions, methods included.
    """

    sources: dict[str, str]
    names: dict[str, dict[str, str]]
    public: Names
    bundles: Bundles
    functions: dict[str, set[str]]

    def script(self, text: str) -> str:
        """A script for a board with this agent: what it uses of its modules has the new names.

        A test's hands on a board. It may use public names, of which constants are gone.
        """
        module = Module("/script", ast.parse(text))
        self.bundles.redirect(module)
        self.public.apply(module, whole=False)
        return ast.unparse(module.tree) + "\n"

    def restored(self, traceback: str) -> str:
        """A traceback of the shrunk agent with the functions' own names and modules."""
        homes = self.bundles.homes

        def put_back(found: re.Match[str]) -> str:
            file = "__init__" if found[1] == "uscomo" else found[1]
            owners = {
                module: name
                for module, names in self.names.items()
                if homes.get(module, module) == file
                for name in self.functions[module]
                if names.get(name) == found[3]
            }
            if len(set(owners.values())) != 1:
                return found[0]
            module, name = owners.popitem()
            # Which module of a bundle it is, where one alone has such a function.
            file = found[1] if owners or file not in homes else module
            return f'File "{file}", line {found[2]}, in {name}'

        return re.sub(r'File "([^"]+)", line (\d+), in (\S+)', put_back, traceback)


def shrink(
    sources: Mapping[str, str],
    kept: Set[str] = frozenset(),
    bundles: Mapping[str, Sequence[str]] | None = None,
) -> Shrunk:
    """Shrink all modules, given by their names; ``__init__`` is the package itself.

    Parameters
    ----------
    kept
        Private names and constants that somebody looks for by name: they stay.
    bundles
        What is made one module: see `bundle.bundle`.

    Raises
    ------
    ShrinkError
        A rule that this relies on is broken; the message says where.
    """
    modules = {name: Module(name, ast.parse(text)) for name, text in sources.items()}
    for module in modules.values():
        check_keywords(module, modules)
    functions = {
        name: {node.name for node in ast.walk(module.tree) if isinstance(node, FUNCTIONS)}
        for name, module in modules.items()
    }
    mark_fields(modules)
    fold(modules, kept)
    own = {name: own_attributes(module) for name, module in modules.items()}
    plan = bundle(modules, bundles or {})
    public = public_names(modules, kept)
    for module in modules.values():
        public.apply(module)
    private = rename_private(modules, kept)
    names = {}
    for name, attributes in own.items():
        home = plan.homes.get(name, name)
        new = private[home] | public.tops[home]
        # What is not in a bundle has its own globals only.
        tops = plan.tops.get(name) or {top: top for top in new}
        names[name] = {old: new[top] for old, top in tops.items() if top in new}
        both = private[home] | public.attributes
        names[name].update((old, both[old]) for old in attributes if old in both)
    for module in modules.values():
        rename_arguments(module)
        _Relative(module.name).visit(module.tree)
    texts = {name: ast.unparse(module.tree) + "\n" for name, module in modules.items()}
    return Shrunk(texts, names, public, plan, functions)


class _Relative(ast.NodeTransformer):
    # The package's own name, in each module that imports from it, is one more text to keep.
    def __init__(self, module: str) -> None:
        self.inside = module not in OPEN

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        package, _, module = (node.module or "").partition(".")
        if self.inside and package == "uscomo":
            node.module, node.level = module or None, 1
        return node
