"""The agent's sources with fewer and shorter names, ready for mpy-cross.

MicroPython interns every name of a function, class, argument, attribute and every text of up to
10 characters when the module is imported, and keeps it until the next reset. So names cost heap
even while the agent rests. `shrink` takes all modules together and

- folds constants: ``module.NAME``, ``from module import NAME`` and ``NAME`` become the number or
  text where the module says ``NAME = const(...)``, and the constant goes;
- gives private names (leading underscore: functions, classes, globals, methods, attributes) and
  arguments other names, out of `names.POOL`: names that every MicroPython has in ROM, where they
  cost nothing. They say nothing; `Shrunk.names` says what they stand for;
- drops docstrings, annotations, and imports that nothing reads any more.

Local variables have no name in bytecode and stay as they are. So does all that is public: tests,
the bench and other tools reach a deployed agent by its public names, but for the constants.
``uscomo_boot`` keeps its public constants too.

What it relies on, and refuses to go on without (`ShrinkError`): a private name is used in its own
module, or in one whose classes inherit from there; no call names an argument, but of a function
that is not ours (an app's author may: `names.KEYWORDS`). A private name that also stands
somewhere as a text keeps its name, as it may be looked up by it.

How to read a traceback of a shrunk agent
-----------------------------------------
Bytecode has no line numbers. ``File "store", line 1, in append`` is the function of the module
``store`` that is called ``append`` now; no two private names of a module share a new one.
``uscomo device traceback`` puts the names back into a traceback, or prints the table of them.
Names depend on the sources alone: the tools of a release know the names of its agent.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from .constants import fold
from .errors import ShrinkError
from .names import check_keywords, rename_arguments, rename_private
from .scopes import Module

__all__ = ["ShrinkError", "Shrunk", "shrink"]


@dataclass
class Shrunk:
    """The modules, and what became of their private names.

    Attributes
    ----------
    sources
        Source by module name.
    names
        By module name: private name -> the name that it has now.
    """

    sources: dict[str, str]
    names: dict[str, dict[str, str]]

    def restored(self, traceback: str) -> str:
        """A traceback of the shrunk agent with the functions' own names."""
        back = {
            module: {short: name for name, short in names.items()}
            for module, names in self.names.items()
        }

        def put_back(found: re.Match[str]) -> str:
            names = back.get("__init__" if found[1] == "uscomo" else found[1], {})
            return found[0][: -len(found[2])] + names.get(found[2], found[2])

        return re.sub(r'File "([^"]+)", line \d+, in (\S+)', put_back, traceback)


def shrink(sources: Mapping[str, str], kept: Set[str] = frozenset()) -> Shrunk:
    """Shrink all modules, given by their names; ``__init__`` is the package itself.

    Parameters
    ----------
    kept
        Private names and constants that somebody looks for by name: they stay.

    Raises
    ------
    ShrinkError
        A rule that this relies on is broken; the message says where.
    """
    modules = {name: Module(name, ast.parse(text)) for name, text in sources.items()}
    for module in modules.values():
        check_keywords(module, modules)
    fold(modules, kept)
    names = rename_private(modules, kept)
    for module in modules.values():
        rename_arguments(module)
    texts = {name: ast.unparse(module.tree) + "\n" for name, module in modules.items()}
    return Shrunk(texts, names)
