"""What a device gets at the factory: its account, its settings, its trust anchors.

The board's own store and nodes write it, run by one script on a board or here on CPython, so that
there is one writer of these formats.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import resources
from ..errors import UsageError
from ..package.keys import PublicKey
from .tls import Tls

#: Credential types by the names that the command line uses, as DMAcc names them.
AUTH_TYPES = {"none": "", "basic": "BASIC", "md5": "DIGEST", "mac": "HMAC"}

#: Ways of asking for an application, see uscomo.agent.
REQUEST_TYPES = ("update", "install", "none")

#: What messages may be.
ENCODINGS = ("wbxml", "xml")

#: Settings of a device that are words, and those that are numbers with their largest value; a
#: board's clock of milliseconds turns around after some days.
WORDS = {
    "consent": ("console", "yes", "no", "none"),
    "ask": ("unless-asked", "always", "never"),
    "zero_nonce": ("octets", "text"),
    "bearer": ("network", "relay"),
    "tls": ("verify", "unchecked"),
}
#: Settings that are texts, with their longest value.
TEXTS = {"network_id": 64, "ntp": 64}
NUMBERS = {
    **dict.fromkeys(("poll", "confirm_after", "postpone", "trial_report", "agent_trial"), 500_000),
    "retry": 3_600_000,
    "watchdog": 60_000,
    "update_at_boot": 1,
    "notify_port": 65_535,
    "notify_out": 65_535,
    "notify_keep": 3600,
}

#: Where networks are kept, for uscomo.net: the network's name -> its key, empty for an open one.
NETWORK = "~net/"

#: What a session has to put into one message with all the rest; see uscomo.dmacc.
_LONGEST = {
    **dict.fromkeys(("device_id", "server_id", "user", "password", "server_password"), 128),
    "url": 512,
}

#: The writer of all this, for a board and for here; and what tells of it.
SCRIPT = Path(__file__).parent / "board" / "provision.py"
TELL = Path(__file__).parent / "board" / "provisioned.py"


@dataclass(slots=True)
class DeviceSpec:
    """Everything a simulated device is made of.

    Nonces are base64 text, as DM carries them. ``anchors`` are RSA moduli, big endian bytes.
    """

    device_id: str
    url: str
    server_id: str = "uscomo"
    user: str = ""
    password: str = ""
    server_password: str = ""
    auth: str = "md5"
    server_auth: str = "md5"
    client_nonce: str = ""
    server_nonce: str = ""
    type: str = "unix"
    manufacturer: str = "uscomo"
    model: str = "unix"
    scomo_root: str = "SCOMO"
    scomo_version: str = "1.0"
    request_types: str = "update,install,none"
    #: Of its messages: "wbxml" or "xml"; what proves itself by MAC speaks WBXML in any case.
    encoding: str = "wbxml"
    #: Empty: none, the device waits for a bootstrap message; without a ``url``, too.
    account: str = "main"
    #: Whether results of what needs no download are told at once: "sync" or "async".
    report: str = "async"
    #: Never ask the device's user about this account's operations.
    silent: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    anchors: list[bytes] = field(default_factory=list)
    #: Wi-Fi: name -> key, empty for an open network.
    networks: dict[str, str] = field(default_factory=dict)
    #: Certificates for https, see `tls`.
    tls: Tls = field(default_factory=Tls)

    def check(self) -> None:
        """Refuse what the board could not use.

        Raises
        ------
        UsageError
            The field and what it may be.
        """
        for name in ("auth", "server_auth"):
            if getattr(self, name) not in AUTH_TYPES:
                raise UsageError(
                    f"{name} is {getattr(self, name)!r}: one of {', '.join(AUTH_TYPES)}"
                )
        if self.url:
            self._check_url()
        elif self.account:
            raise UsageError("an account without the server's URL")
        self._check_values()

    def _check_url(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(
                f"the server's URL is {self.url!r}: it must begin with http:// or https://"
            )
        try:
            parts = urlsplit(self.url)
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise UsageError(f"the server's URL is {self.url!r}: http://HOST:PORT/PATH")

    def _check_values(self) -> None:
        for name, limit in _LONGEST.items():
            if len(getattr(self, name).encode()) > limit:
                raise UsageError(f"{name} is longer than the {limit} bytes that fit a message")
        for way in self.request_types.split(","):
            if way not in REQUEST_TYPES:
                raise UsageError(f"request type {way!r}: one of {', '.join(REQUEST_TYPES)}")
        if self.encoding not in ENCODINGS:
            raise UsageError(f"encoding is {self.encoding!r}: one of {', '.join(ENCODINGS)}")
        if self.report not in ("async", "sync"):
            raise UsageError(f"report is {self.report!r}: one of async, sync")
        for name, value in self.settings.items():
            check_setting(name, value)
        self.scomo_root = self.scomo_root.removeprefix("./").strip("/")
        if not self.scomo_root:
            raise UsageError("the SCOMO root is empty: name a node, such as ./SCOMO")
        for name in ("client_nonce", "server_nonce"):
            try:
                base64.b64decode(getattr(self, name), validate=True)
            except ValueError as error:
                raise UsageError(f"{name} is not base64: {error}") from None


@dataclass(slots=True)
class Provisioning:
    """What is written into a device's store, see ``board/provision.py``.

    Attributes
    ----------
    values
        Key -> value; None removes the key.
    defaults
        Key -> value where the key has none yet.
    account
        The account that is written; empty for none.
    fresh
        Forget what that account was.
    anchors
        RSA moduli, big endian.
    files
        Of the store, by path below its root; None removes one.
    """

    values: dict[str, bytes | None] = field(default_factory=dict)
    defaults: dict[str, bytes] = field(default_factory=dict)
    account: str = ""
    fresh: bool = False
    anchors: list[bytes] = field(default_factory=list)
    files: dict[str, bytes | None] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: DeviceSpec) -> Provisioning:
        """All of a device."""
        values: dict[str, bytes | None] = dict(device_nodes(spec))
        files = spec.tls.files(spec.url)
        return cls(values, {}, spec.account, True, spec.anchors, files)

    def script_values(self, home: str = "", planned: bool = False) -> dict[str, object]:
        """What stands in front of the script.

        ``home`` is the folder of the board's agent; ``planned`` gives back the attempt of what is
        on trial, and the start, that were interrupted for this.
        """
        return {
            "HOME": home,
            "SET": self.values,
            "DEFAULTS": self.defaults,
            "ACCOUNT": self.account,
            "FRESH": self.fresh,
            "ANCHORS": {PublicKey(modulus).key_id: modulus for modulus in self.anchors},
            "FILES": self.files,
            "PLANNED": planned,
        }


def provision(spec: DeviceSpec, root: Path) -> None:
    """Write a device's store below ``root``, the folder that becomes the board's ``/``."""
    spec.check()
    provision_folder(Provisioning.of(spec), root)


def provision_folder(wanted: Provisioning, root: Path) -> dict[str, Any]:
    """Run the board's script here, on the store below ``root``; what it answers."""
    boot = boot_module()
    before = boot.ROOT
    boot.ROOT = str(root / "uscomo.d")
    said: list[str] = []
    try:
        code = compile(SCRIPT.read_text(encoding="utf-8"), str(SCRIPT), "exec")
        exec(code, {**wanted.script_values(), "print": said.append})
    finally:
        boot.ROOT = before
    answer: dict[str, Any] = json.loads(said[-1])
    return answer


def device_nodes(spec: DeviceSpec) -> dict[str, bytes]:
    """A device's account and description by the keys of its nodes; ACLs are the script's."""
    values = {
        "DevInfo/DevId": spec.device_id,
        "DevInfo/Man": spec.manufacturer,
        "DevInfo/Mod": spec.model,
        "DevDetail/DevTyp": spec.type,
        **{f"~set/{name}": value for name, value in spec.settings.items()},
        **{NETWORK + name: key for name, key in spec.networks.items()},
    }
    found = {key: value.encode() for key, value in values.items()}
    return found | (account_nodes(spec) if spec.account else {})


def account_nodes(spec: DeviceSpec) -> dict[str, bytes]:
    """A device's account by the keys of its nodes."""
    base = f"DMAcc/{spec.account}/"
    values: dict[str, str | bytes] = {
        base + "AppID": "w7",
        base + "ServerID": spec.server_id,
        base + "Name": spec.account,
        base + "AppAddr/1/Addr": spec.url,
        base + "AppAddr/1/AddrType": "URI",
        base + "AAuthPref": AUTH_TYPES[spec.auth],
        base + "Ext/ScomoRoot": spec.scomo_root,
        base + "Ext/ScomoVersion": spec.scomo_version,
        base + "Ext/RequestTypes": spec.request_types,
        base + "Ext/Form": spec.encoding,
        base + "Ext/Report": spec.report,
        base + "Ext/Silent": str(int(spec.silent)),
    }
    levels = (
        ("CLCRED", spec.auth, spec.user, spec.password, spec.client_nonce),
        ("SRVCRED", spec.server_auth, spec.server_id, spec.server_password, spec.server_nonce),
    )
    for number, (level, kind, name, secret, nonce) in enumerate(levels, 1):
        if AUTH_TYPES[kind]:
            place = f"{base}AppAuth/{number}/"
            values[place + "AAuthLevel"] = level
            values[place + "AAuthType"] = AUTH_TYPES[kind]
            values[place + "AAuthName"] = name
            values[place + "AAuthSecret"] = secret
            values[place + "AAuthData"] = base64.b64decode(nonce)
    return {
        key: value if isinstance(value, bytes) else value.encode() for key, value in values.items()
    }


def check_setting(name: str, value: str) -> None:
    """Refuse a setting that a device does not have, or a value that it cannot have.

    Raises
    ------
    UsageError
        The setting and what it may be.
    """
    if name in WORDS:
        if value not in WORDS[name]:
            raise UsageError(f"setting {name}={value}: one of {', '.join(WORDS[name])}")
    elif name in NUMBERS:
        if not value.isascii() or not value.isdigit() or int(value) > NUMBERS[name]:
            raise UsageError(f"setting {name}={value}: a number from 0 to {NUMBERS[name]}")
    elif name in TEXTS:
        if not 0 < len(value.encode()) <= TEXTS[name]:
            raise UsageError(f"setting {name}: a text of 1 to {TEXTS[name]} bytes")
    else:
        raise UsageError(f"setting {name}: one of {', '.join((*WORDS, *NUMBERS, *TEXTS))}")


def boot_module() -> Any:
    """Stage 0, which is no part of any package and so has to be loaded by path."""
    if "uscomo_boot" not in sys.modules:
        path = resources.board_root() / "uscomo_boot.py"
        found = importlib.util.spec_from_file_location("uscomo_boot", path)
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules["uscomo_boot"] = module
        found.loader.exec_module(module)
    return sys.modules["uscomo_boot"]


def described(spec: DeviceSpec) -> dict[str, Any]:
    """A spec as JSON-able values, without its secrets and anchors."""
    values = asdict(spec)
    secret = ("password", "server_password", "client_nonce", "server_nonce")
    for name in (*secret, "anchors", "networks", "tls"):
        del values[name]
    return values
