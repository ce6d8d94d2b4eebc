"""Delivery packages on the host: build, sign, read, verify.

The rules of the format stand in :mod:`uscomo.package` and :mod:`uscomo.rules`, the modules that
apply them on the board; :mod:`.rules` says in words which one was broken.
"""

from .build import Abi, Project, build, pack
from .keys import PublicKey, SigningKey
from .read import Package, read_package
from .rules import Component, PackageError, SignatureError

__all__ = [
    "Abi",
    "Component",
    "Package",
    "PackageError",
    "Project",
    "PublicKey",
    "SignatureError",
    "SigningKey",
    "build",
    "pack",
    "read_package",
]
