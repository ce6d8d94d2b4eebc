"""Delivery packages on the host: build, sign, read, verify, compare, update, extract.

The rules of the format stand in the agent, which applies them on the board (:mod:`.limits` is
where they are imported); :mod:`.rules` says in words which one was broken. All sizes are bytes.
Whatever is wrong with a file is a `PackageError`, whose message names the place, the rule and
what to do.

>>> key = SigningKey.generate()
>>> data = build(Project.load(Path("my_app")), key)
>>> read_package(data).verify([key.public])
"""

from .agent import agent_project, agent_version, release_of
from .build import Abi, Project, Source, build, pack, sign
from .keys import PublicKey, SigningKey
from .mip import MipPackage, read_mip
from .project import create_project
from .read import Entry, File, Package, read_package
from .rules import Component, Header, PackageError, SignatureError
from .sign import Endorsement, Signature
from .trust import Action, Statement, add_anchor, read_statement, revoke
from .unpack import unpack
from .update import Change, Update, complete, diff, make_update, update

__all__ = [
    "Abi",
    "Action",
    "Change",
    "Component",
    "Endorsement",
    "Entry",
    "File",
    "Header",
    "MipPackage",
    "Package",
    "PackageError",
    "Project",
    "PublicKey",
    "Signature",
    "SignatureError",
    "SigningKey",
    "Source",
    "Statement",
    "Update",
    "add_anchor",
    "agent_project",
    "agent_version",
    "build",
    "complete",
    "create_project",
    "diff",
    "make_update",
    "pack",
    "read_mip",
    "read_package",
    "read_statement",
    "release_of",
    "revoke",
    "sign",
    "unpack",
    "update",
]
