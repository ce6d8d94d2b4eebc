"""The tables: accounts, inventory, catalogue, operations, sessions and every message.

Rows are plain objects to the layers above: the policy and the planner take and return them and
never touch a database. All times are UTC seconds since 1970.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> float:
    """UTC seconds since 1970."""
    return time.time()


class Base(DeclarativeBase):
    """Root of the tables."""


class Provider(Base):
    """A service provider. Provider 0 stands for the operator and has no row."""

    __tablename__ = "provider"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)


class Authorisation(Base):
    """The operator allows a provider to set the default software of a device type."""

    __tablename__ = "authorisation"
    provider_id: Mapped[int] = mapped_column(ForeignKey("provider.id"), primary_key=True)
    device_type: Mapped[str] = mapped_column(String(64), primary_key=True)


class DefaultSoftware(Base):
    """The package ids every device of a type should have."""

    __tablename__ = "default_software"
    device_type: Mapped[str] = mapped_column(String(64), primary_key=True)
    packages: Mapped[list[str]] = mapped_column(JSON)
    provider_id: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[float] = mapped_column(default=now)


class ApplicationId(Base):
    """A package or component id belongs to its first publisher."""

    __tablename__ = "application_id"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider_id: Mapped[int]


class Package(Base):
    """A published delivery package; its bytes lie in the data folder under their SHA-256."""

    __tablename__ = "package"
    id: Mapped[int] = mapped_column(primary_key=True)
    package_id: Mapped[str] = mapped_column(String(64), index=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    size: Mapped[int]
    name: Mapped[str]
    version: Mapped[str]
    release: Mapped[int]
    vendor: Mapped[str]
    types: Mapped[list[str]] = mapped_column(JSON)
    components: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    env: Mapped[str]
    key_id: Mapped[str | None]
    ask: Mapped[str]
    provider_id: Mapped[int]
    published_at: Mapped[float] = mapped_column(default=now)


class Device(Base):
    """An account of a device, and what is known about it.

    Secrets are kept as B64(MD5(name ":" password)), all that the credential formulas need.
    ``scomo_root`` is None while nobody looked and empty when the device has no such object.
    ``inventory_at`` is None while the inventory is unknown or known to be out of date.
    ``notify`` is the HOST:PORT where the device listens for notifications, empty for none.
    ``max_msg_size`` and ``max_obj_size`` are 0 and ``large_objects`` and ``uri_limits`` None while
    the device did not tell.
    ``has_delivered`` and ``has_ext`` are False when it turned out to have no such nodes.
    ``anchors`` are the key ids that the device trusts.
    """

    __tablename__ = "device"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(unique=True)
    device_type: Mapped[str] = mapped_column(String(64), default="")
    user: Mapped[str] = mapped_column(default="")
    auth: Mapped[str] = mapped_column(default="none")
    secret: Mapped[str] = mapped_column(default="")
    client_nonce: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    server_auth: Mapped[str] = mapped_column(default="none")
    server_name: Mapped[str] = mapped_column(default="")
    server_secret: Mapped[str] = mapped_column(default="")
    server_nonce: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    scomo_root: Mapped[str | None] = mapped_column(default=None)
    lists_data: Mapped[bool] = mapped_column(default=True)
    devinfo: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    inventory_at: Mapped[float | None] = mapped_column(default=None)
    notify: Mapped[str] = mapped_column(default="")
    max_msg_size: Mapped[int] = mapped_column(default=0)
    max_obj_size: Mapped[int] = mapped_column(default=0)
    large_objects: Mapped[bool | None] = mapped_column(default=None)
    uri_limits: Mapped[dict[str, int] | None] = mapped_column(
        JSON(none_as_null=True), default=None
    )
    has_delivered: Mapped[bool] = mapped_column(default=True)
    has_ext: Mapped[bool] = mapped_column(default=True)
    safe_mode: Mapped[bool] = mapped_column(default=False)
    anchors: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[float] = mapped_column(default=now)
    last_seen: Mapped[float | None] = mapped_column(default=None)


class Component(Base):
    """One deployment component of a device's inventory, as last read.

    ``release``, ``on_trial``, ``last_error`` and ``retained`` are leaves of our own ``Ext``;
    ``release`` and ``retained`` are None where a device does not tell them.
    """

    __tablename__ = "component"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_pk: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    node: Mapped[str]
    component_id: Mapped[str]
    package_id: Mapped[str] = mapped_column(default="")
    name: Mapped[str] = mapped_column(default="")
    version: Mapped[str] = mapped_column(default="")
    env: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="")
    release: Mapped[int | None] = mapped_column(default=None)
    on_trial: Mapped[bool] = mapped_column(default=False)
    last_error: Mapped[str] = mapped_column(default="")
    retained: Mapped[str | None] = mapped_column(default=None)

    @property
    def active(self) -> bool:
        """Whether State says 20, active."""
        return self.state == "20"


class Delivered(Base):
    """One delivered package of a device's inventory, as last read."""

    __tablename__ = "delivered"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_pk: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    node: Mapped[str]
    package_id: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="")

    @property
    def installed(self) -> bool:
        """Whether State says 20, installed."""
        return self.state == "20"


class Operation(Base):
    """One SCOMO primitive on one device.

    ``state``: queued -> sent (in a message) -> running (answered 202) -> done, failed or refused.
    ``code`` is the SCOMO result or the DM status that ended it.
    ``leftover`` says that the node that the server added for it, Download/<correlator> or
    Inventory/Delivered/<correlator>, exists on the device and is to be deleted.
    ``base`` is the SHA-256 of the package on which the update that was offered builds; ``whole``
    forbids an update. ``needs`` are correlators of operations that have to succeed before.
    ``arrived_at`` tells when a direct delivery was complete.
    ``results`` has one entry per component reported: ``id``, ``node``, ``code``, and what was
    found in the inventory after a roll-back: ``version``, ``error``.
    """

    __tablename__ = "operation"
    __table_args__ = (UniqueConstraint("device_pk", "correlator"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    device_pk: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    correlator: Mapped[str] = mapped_column(String(32))
    primitive: Mapped[str]
    origin: Mapped[str]
    package_pk: Mapped[int | None] = mapped_column(ForeignKey("package.id"), default=None)
    subject: Mapped[str]
    ask: Mapped[str] = mapped_column(default="server")
    state: Mapped[str] = mapped_column(default="queued")
    code: Mapped[int | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")
    leftover: Mapped[bool] = mapped_column(default=False)
    delivery: Mapped[str] = mapped_column(default="indirect")
    install_params: Mapped[str] = mapped_column(default="")
    reboot: Mapped[str] = mapped_column(default="")
    value: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    base: Mapped[str] = mapped_column(String(64), default="")
    whole: Mapped[bool] = mapped_column(default=False)
    needs: Mapped[list[str]] = mapped_column(JSON, default=list)
    arrived_at: Mapped[float | None] = mapped_column(default=None)
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    session_pk: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[float] = mapped_column(default=now)
    changed_at: Mapped[float] = mapped_column(default=now)
    reported_at: Mapped[float | None] = mapped_column(default=None)


class DmCommand(Base):
    """One DM command that an operator gave by hand.

    ``state``: queued -> sent -> done; lost when its session ended without an answer, failed when
    it never fitted a message. ``answer`` has ``statuses``, ``results`` and ``told``.
    """

    __tablename__ = "dm_command"
    id: Mapped[int] = mapped_column(primary_key=True)
    device_pk: Mapped[int] = mapped_column(ForeignKey("device.id"), index=True)
    command: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(default="queued")
    answer: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    session_pk: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[float] = mapped_column(default=now)


class DmSession(Base):
    """One DM session; ``state`` is the engine's, between two messages."""

    __tablename__ = "session"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(index=True)
    session_id: Mapped[str]
    state: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    started_at: Mapped[float] = mapped_column(default=now)
    last_at: Mapped[float] = mapped_column(default=now)


class LoggedMessage(Base):
    """A DM message as it went over the wire; up is from the device."""

    __tablename__ = "message"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(primary_key=True)
    session_pk: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    device_id: Mapped[str] = mapped_column(index=True)
    direction: Mapped[str] = mapped_column(String(4))
    content_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[float] = mapped_column(default=now)
