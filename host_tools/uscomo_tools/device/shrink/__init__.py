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
- puts functions that are rarely needed into modules of their own (`parts`);
- drops docstrings, annotations, and imports that nothing reads any more, and makes imports
  relative.

Local variables have no name in bytecode and stay as they are. So does what others reach: the
functions that apps call (`names.AUTHORED`), all that is public in ``uscomo_boot``, whose file
may be older than the agent, and `EXPOSED`. A test's script for a board with such an agent goes
through `Shrunk.script`.

What it relies on, and refuses to go on without (`ShrinkError`): a private name is used in its own
module, or in one whose classes inherit from there; no call names an argument, but of a function
that is not ours (an app's author may: `names.AUTHORED`); an attribute is ours or one of a library
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
from dataclasses import dataclass, field

from .bundle import Bundles, bundle
from .constants import OPEN, fold
from .errors import ShrinkError
from .names import check_keywords, own_attributes, rename_arguments, rename_private
from .parts import take_apart
from .public import EXPOSED, Names, mark_fields, public_names
from .scopes import FUNCTIONS, Module
from .texts import lengthen

__all__ = ["EXPOSED", "Layout", "ShrinkError", "Shrunk", "shrink"]


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
    calls
        By source: what a function is called now -> the modules that have it, each with the name
        that it has there.
    """

    sources: dict[str, str]
    names: dict[str, dict[str, str]]
    public: Names
    bundles: Bundles
    calls: dict[str, dict[str, set[tuple[str, str]]]]

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

        def put_back(found: re.Match[str]) -> str:
            file = "__init__" if found[1] == "uscomo" else found[1]
            owners = self.calls.get(file, {}).get(found[3], set())
            names = {name for _, name in owners}
            if len(names) != 1:
                return found[0]
            # Which module of a bundle it is, where one alone has such a function.
            known = len(owners) == 1 and file != "__init__"
            file = next(iter(owners))[0] if known else found[1]
            return f'File "{file}", line {found[2]}, in {names.pop()}'

        return re.sub(r'File "([^"]+)", line (\d+), in (\S+)', put_back, traceback)


@dataclass(frozen=True)
class Layout:
    """Which files the modules make.

    Attributes
    ----------
    bundles
        What is made one module: see `bundle.bundle`.
    parts
        Functions that get modules of their own: see `parts.take_apart`.
    followers
        Module -> parts that are let go whenever it is, beside those of its own functions.
    at_hand
        Files whose short texts may become names, which stay for good: where memory is scarce.
        The texts of others come and go with them; None for no others.
    """

    bundles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    followers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    at_hand: Set[str] | None = None


def shrink(
    sources: Mapping[str, str], kept: Set[str] = frozenset(), layout: Layout | None = None
) -> Shrunk:
    """Shrink all modules, given by their names; ``__init__`` is the package itself.

    Parameters
    ----------
    kept
        Private names and constants that somebody looks for by name: they stay.
    layout
        Which files they make; without, each makes its own.

    Raises
    ------
    ShrinkError
        A rule that this relies on is broken; the message says where.
    """
    modules = {name: Module(name, ast.parse(text)) for name, text in sources.items()}
    for module in modules.values():
        check_keywords(module, modules)
    mark_fields(modules)
    fold(modules, kept)
    own = {name: own_attributes(module) for name, module in modules.items()}
    layout = layout or Layout()
    taken = take_apart(modules, layout.parts, kept)
    functions = {
        name: {node.name for node in ast.walk(module.tree) if isinstance(node, FUNCTIONS)}
        for name, module in modules.items()
    }
    followers = {name: list(names) for name, names in layout.followers.items()}
    for part, apart in taken.bundles.items():
        for member in apart:
            followers.setdefault(taken.owners[member], []).append(part)
    plan = bundle(modules, {**layout.bundles, **taken.bundles}, followers)
    public = public_names(modules, kept)
    for module in modules.values():
        public.apply(module)
    kin = {
        (plan.homes[member], plan.homes.get(home, home)) for member, home in taken.owners.items()
    }
    private = rename_private(modules, kept, kin)
    names: dict[str, dict[str, str]] = {name: {} for name in own}
    calls: dict[str, dict[str, set[tuple[str, str]]]] = {}
    for member in functions:
        name = taken.owners.get(member, member)
        file = plan.homes.get(member, member)
        # What is not in a bundle has its own globals only.
        globals = private[file] | public.tops[file]
        tops = plan.tops.get(member) or {top: top for top in globals}
        table = {top: globals[new] for top, new in tops.items() if new in globals}
        both = private[file] | public.attributes
        table.update((attribute, both[attribute]) for attribute in own[name] if attribute in both)
        former = taken.former.get(name, {})
        for old, new in table.items():
            names[name][former.get(old, old)] = new
            if old in functions[member]:
                owners = calls.setdefault(file, {}).setdefault(new, set())
                owners.add((name, former.get(old, old)))
    for module in modules.values():
        rename_arguments(module)
        _Relative(module.name).visit(module.tree)
        if layout.at_hand is not None and module.name not in layout.at_hand:
            lengthen(module.tree)
    texts = {name: ast.unparse(module.tree) + "\n" for name, module in modules.items()}
    return Shrunk(texts, names, public, plan, calls)


class _Relative(ast.NodeTransformer):
    # The package's own name, in each module that imports from it, is one more text to keep.
    def __init__(self, module: str) -> None:
        self.inside = module not in OPEN

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        package, _, module = (node.module or "").partition(".")
        if self.inside and package == "uscomo":
            node.module, node.level = module or None, 1
        return node
