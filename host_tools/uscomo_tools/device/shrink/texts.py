"""Short texts that do not stay.

The compiler makes a name of each text of up to 10 characters: it is kept until the next reset, and
its module's code finds it at once. What `lengthen` does to a text, the compiler takes for a long
one, which comes and goes with its module; `restore` makes it what it was, in the .mpy file.
"""

from __future__ import annotations

import ast

from .library import LIBRARIES
from .names import COMMON, POOL

_LONGEST = 10
_PAD = "\ue000" * 4

_IN_ROM = {*POOL, *COMMON}.union(*(names.split() for names in LIBRARIES.values()))

# Kinds of constant in a .mpy file, version 6.
_STR, _COMPLEX, _TUPLE = 5, 9, 10


class _Lengthen(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        text = node.value
        if isinstance(text, str) and 0 < len(text) <= _LONGEST and text not in _IN_ROM:
            return ast.Constant(text + _PAD)
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        # One of constants is one already, and its texts are no names.
        constant = all(isinstance(item, ast.Constant) for item in node.elts)
        return node if constant else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        # What attributes are looked up by is a name in any case.
        by_text = isinstance(node.func, ast.Name) and node.func.id[-4:] == "attr"
        return node if by_text else self.generic_visit(node)


def lengthen(tree: ast.Module) -> ast.Module:
    """Make long texts of a module's short ones."""
    changed = _Lengthen().visit(tree)
    assert isinstance(changed, ast.Module)
    return changed


def restore(code: bytes) -> bytes:
    """A .mpy file with the texts as they were."""
    names, at = number(code, 4)
    constants, at = number(code, at)
    for _ in range(names):
        size, at = number(code, at)
        at += 0 if size & 1 else (size >> 1) + 1
    changed = code[:at]
    for _ in range(constants):
        constant, at = _constant(code, at)
        changed += constant
    return changed + code[at:]


def _constant(code: bytes, at: int) -> tuple[bytes, int]:
    kind = code[at]
    if kind == _TUPLE:
        count, end = number(code, at + 1)
        changed = code[at:end]
        for _ in range(count):
            item, end = _constant(code, end)
            changed += item
        return changed, end
    if not _STR <= kind <= _COMPLEX:
        return code[at : at + 1], at + 1
    size, start = number(code, at + 1)
    end = start + size + (kind <= _STR + 1)  # texts and octets end in a NUL
    pad = _PAD.encode()
    if kind == _STR and code[start : start + size].endswith(pad):
        text = code[start : start + size - len(pad)]
        return bytes([_STR, len(text)]) + text + b"\0", end
    return code[at:end], end


def number(code: bytes, at: int) -> tuple[int, int]:
    """A number in a .mpy file, and where it ends."""
    value = code[at] & 0x7F
    while code[at] & 0x80:
        at += 1
        value = value << 7 | code[at] & 0x7F
    return value, at + 1
