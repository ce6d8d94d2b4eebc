"""Accounts, settings, keys and networks of a board, written by the agent's own modules on it."""

from __future__ import annotations

import ast
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..device.agent import shrunk
from ..device.provision import (
    AUTH_TYPES,
    NETWORK,
    SCRIPT,
    TELL,
    DeviceSpec,
    Provisioning,
    check_setting,
    device_nodes,
)
from ..device.tls import FOLDER, Tls
from ..errors import RefusedError, UsageError, UscomoError
from . import deploy, scripts
from .description import by_identity
from .identity import Identity
from .layout import ROOT, Found, sha256

_SSID_BYTES = 32
#: A slow board checks a signature and unpacks in that time.
_SECONDS = 600.0
_KEY_LENGTHS = (0, *range(8, 64))

# What is not known of an account that is there already.
_SECRETS = ("AAuthSecret", "AAuthData")
# Level of credentials -> its field of a DeviceSpec, its place in an account of ours, its secret.
_LEVELS = {
    "CLCRED": ("auth", "1", "password"),
    "SRVCRED": ("server_auth", "2", "server_password"),
}
# Leaves of an account by the names of `DeviceSpec`, which has a value where it has none.
_TOLD = ("url", "server_id", "scomo_root", "scomo_version", "request_types", "encoding")


class Runs(Protocol):
    """What is needed of a board; `connection.Board` has it."""

    def exec(self, code: str, timeout: float = 60) -> str:
        """Run code on the board, and return what it printed."""


@dataclass
class Wishes:
    """What is to be written; only what is given.

    Attributes
    ----------
    account
        The account's name; empty leaves accounts alone.
    fields
        What is given of it, by the names of `DeviceSpec`; the rest stays as it is, or has
        `DeviceSpec`'s values in an account that is made.
    device_id, type
        Empty leaves them.
    settings
        Name -> value; an empty value takes the setting away.
    networks
        Wi-Fi: name -> key; None forgets the network.
    anchors
        RSA moduli whose packages are trusted from now on.
    tls
        Certificates for https; authorities come beside those that are there.
    forget_tls
        All certificates and keys that are there go first.
    """

    account: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    device_id: str = ""
    type: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    networks: dict[str, str | None] = field(default_factory=dict)
    anchors: list[bytes] = field(default_factory=list)
    tls: Tls = field(default_factory=Tls)
    forget_tls: bool = False

    def check(self, identity: Identity) -> None:
        """Refuse what the board could not use, before it is asked anything.

        Raises
        ------
        UsageError
            What is wrong with which of them.
        RefusedError
            A network for a board without a radio.
        """
        for name, value in self.settings.items():
            if value:
                check_setting(name, value)
        for name, key in self.networks.items():
            if not 0 < len(name.encode()) <= _SSID_BYTES:
                raise UsageError(f"a network's name has 1 to {_SSID_BYTES} bytes: {name!r}")
            if key is not None and len(key.encode()) not in _KEY_LENGTHS:
                raise UsageError(f"the key of network {name!r}: 8 to 63 bytes, or none")
        if self.networks and identity.modules.get("network") is False:
            raise RefusedError("this board has no network: no module of that name")
        secure = str(self.fields.get("url", "")).startswith("https://")
        if secure and identity.modules.get("ssl") is False:
            raise RefusedError("this board's firmware has no TLS: no module ssl")
        if self.account and not re.fullmatch(r"[A-Za-z0-9_-]{1,16}", self.account):
            raise UsageError(f"account {self.account!r}: 1 to 16 letters, digits, - or _")


@dataclass(frozen=True)
class Agent:
    """The agent on a board, as its scripts need to know it.

    Attributes
    ----------
    home
        Its folder, for `sys.path`; empty where it is found without.
    shrunk
        Whether it is this release's, with other names.
    """

    home: str
    shrunk: bool

    @classmethod
    def of(cls, found: Found, board: Runs) -> Agent:
        """Look what agent a board has.

        Raises
        ------
        RefusedError
            There is none, or one of another release, whose names are not known here.
        """
        manifest = found.current
        if found.generation:
            ours = {path: sha256(data) for path, data in deploy.agent().items()}
            if manifest is None or manifest.files != ours:
                version = manifest.version if manifest else "unknown"
                raise RefusedError(
                    f"the board's agent is not the one of this release (it is {version}): "
                    "`uscomo board deploy` brings it"
                )
            return cls(f"{ROOT}/{found.generation}", True)
        where = ast.literal_eval(board.exec(_script(scripts.path("agent_names"), {}, False)))
        if where is None:
            raise RefusedError("there is no agent on this board: `uscomo board deploy` first")
        return cls("", not where)

    def run(self, board: Runs, script: Path, values: Mapping[str, object]) -> dict[str, Any]:
        """Run a script that uses the agent's modules; its last line is an object in JSON."""
        said = board.exec(_script(script, values, self.shrunk), _SECONDS)
        lines = [line for line in said.splitlines() if line.startswith("{")]
        if not lines:
            raise UscomoError(f"the board does not answer as expected: {said.strip()[-200:]!r}")
        answer: dict[str, Any] = json.loads(lines[-1])
        return answer

    def told(self, board: Runs) -> dict[str, Any]:
        """What the board is provisioned with; no secrets."""
        return self.run(board, TELL, {"HOME": self.home})


def provision(
    board: Runs, agent: Agent, wishes: Wishes, identity: Identity, planned: bool = False
) -> dict[str, Any]:
    """Write what is wished; what the board is provisioned with afterwards.

    Raises
    ------
    UsageError
        An account is to be made and something is missing, or does not fit.
    RefusedError
        The store is broken; or a key was revoked here, or there are too many.
    """
    wishes.check(identity)
    there = agent.told(board)
    if there["store"] == "broken":
        raise RefusedError(
            "both copies of the board's record are broken: `uscomo board undeploy --remove-data`, "
            "then deploy anew"
        )
    wanted = compose(wishes, there, identity)
    answer = agent.run(board, SCRIPT, wanted.script_values(agent.home, planned))
    wrong = {name: how for name, how in answer["anchors"].items() if how in ("revoked", "full")}
    if wrong:
        name, how = next(iter(wrong.items()))
        why = "was revoked on this board, for ever" if how == "revoked" else "is one too many"
        raise RefusedError(f"key {name} {why}; all the rest was written")
    return agent.told(board)


def compose(wishes: Wishes, there: Mapping[str, Any], identity: Identity) -> Provisioning:
    """Return what to write on a board that is provisioned like this.

    Raises
    ------
    UsageError
        An account is to be made and something is missing, or does not fit.
    """
    wanted = Provisioning(anchors=wishes.anchors)
    known = by_identity(identity)
    defaults = {
        "DevInfo/DevId": f"urn:uscomo:{identity.unique_id or uuid.uuid4().hex[:16]}",
        "DevInfo/Man": "uscomo",
        "DevInfo/Mod": (known.name if known else identity.machine)[:64],
        "DevDetail/DevTyp": known.key if known else identity.platform,
    }
    wanted.defaults = {key: value.encode() for key, value in defaults.items()}
    for key, text in (("DevInfo/DevId", wishes.device_id), ("DevDetail/DevTyp", wishes.type)):
        if text:
            wanted.values[key] = text.encode()
    for name, value in wishes.settings.items():
        wanted.values[f"~set/{name}"] = value.encode() if value else None
    for name, network_key in wishes.networks.items():
        wanted.values[NETWORK + name] = None if network_key is None else network_key.encode()
    if wishes.account:
        _account(wishes, there, wanted)
    _certificates(wishes, there, wanted)
    return wanted


def _certificates(wishes: Wishes, there: Mapping[str, Any], wanted: Provisioning) -> None:
    kept = [] if wishes.forget_tls else there.get("tls", [])
    if wishes.forget_tls:
        wanted.files = {f"{FOLDER}/{name}": None for name in there.get("tls", [])}
    accounts = there.get("accounts", {})
    url = wishes.fields.get("url") or accounts.get(wishes.account, {}).get("url", "")
    settings = {**there.get("settings", {}), **wishes.settings}
    wishes.tls.check(url, settings, kept)
    if wishes.forget_tls or "tls" in wishes.settings:
        for name, account in accounts.items():
            if name != wishes.account:
                Tls(wishes.tls.authorities).check(account["url"], settings, kept)
    wanted.files.update(wishes.tls.files(url))


def missing_secrets(wishes: Wishes, there: Mapping[str, Any]) -> list[str]:
    """Return which passwords of the account are neither given nor on the board already."""
    if not wishes.account:
        return []
    account = there.get("accounts", {}).get(wishes.account)
    spec = _spec(wishes, account, there)
    missing = []
    for level, (kind, _, secret) in _LEVELS.items():
        own = account["levels"].get(level) if account else None
        known = own is not None and own["secret"]
        if AUTH_TYPES[getattr(spec, kind)] and not known and not wishes.fields.get(secret):
            missing.append(secret)
    return missing


def _spec(
    wishes: Wishes, account: Mapping[str, Any] | None, there: Mapping[str, Any]
) -> DeviceSpec:
    fields = {**_known(account), **wishes.fields} if account else dict(wishes.fields)
    if not fields.get("url"):
        raise UsageError(f"account {wishes.account} is new: where is its server? give --url")
    bearer = {**there.get("settings", {}), **wishes.settings}.get("bearer")
    settings = {"bearer": bearer} if bearer else {}
    spec = DeviceSpec(device_id="", account=wishes.account, settings=settings, **fields)
    spec.check()
    return spec


def _account(wishes: Wishes, board: Mapping[str, Any], wanted: Provisioning) -> None:
    there = board.get("accounts", {}).get(wishes.account)
    wanted.account = wishes.account
    wanted.fresh = there is None
    base = f"DMAcc/{wishes.account}/"
    nodes = device_nodes(_spec(wishes, there, board))
    wanted.values.update({key: nodes[key] for key in nodes if key.startswith(base)})
    missing = missing_secrets(wishes, board)
    if missing:
        raise UsageError(
            f"account {wishes.account}: its {missing[0].replace('_', ' ')} is missing"
        )
    if there is None:
        return
    levels: dict[str, bytes | None] = {}
    for level, (_, place, secret) in _LEVELS.items():
        own = there["levels"].get(level)
        target = own["place"] if own else place
        told = secret in wishes.fields
        for leaf in ("AAuthLevel", "AAuthType", "AAuthName", *_SECRETS):
            value = wanted.values.pop(f"{base}AppAuth/{place}/{leaf}", None)
            # A secret that is not told again stays; it is not known here.
            stays = own and own["secret"] and value is not None and not told
            if not (stays and leaf in _SECRETS):
                levels[f"{base}AppAuth/{target}/{leaf}"] = value
    wanted.values.update(levels)


def _known(there: Mapping[str, Any]) -> dict[str, Any]:
    names = {value: name for name, value in AUTH_TYPES.items()}
    fields = {name: there[name] for name in _TOLD if there[name]}
    fields["report"] = there["report"] or "async"
    fields["silent"] = there["silent"]
    for level, (kind, _, _) in _LEVELS.items():
        own = there["levels"].get(level)
        fields[kind] = names.get(own["type"], "none") if own else "none"
        if own and kind == "auth":
            fields["user"] = own["name"]
    return fields


def _script(path: Path, values: Mapping[str, object], renamed: bool) -> str:
    text = scripts.with_values(path, values)
    return shrunk().script(text) if renamed else text
