"""The database: opening it, and the questions that more than one layer asks.

A DM exchange is one transaction. With SQLite it takes the write lock at its start, so that two
messages of one device can never interleave; readers go on meanwhile (WAL).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ColumnDefault, Connection, delete, event, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from uscomo_tools.server.models import (
    Base,
    Component,
    DefaultSoftware,
    Delivered,
    Device,
    DmCommand,
    DmSession,
    LoggedMessage,
    Operation,
    Package,
)
from uscomo_tools.server.policy import Facts

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON")


class Storage:
    """One database.

    Parameters
    ----------
    url
        SQLAlchemy URL with an asyncio driver.
    """

    def __init__(self, url: str) -> None:
        self.engine = create_async_engine(url)
        self._writer = self.engine.execution_options(immediate=True)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)

    async def start(self) -> None:
        """Create what is missing."""
        async with self._writer.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.run_sync(_add_columns)

    async def stop(self) -> None:
        """Close the connections."""
        await self.engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A consistent view; nothing is kept."""
        async with AsyncSession(self.engine, expire_on_commit=False) as db:
            yield db

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction: kept when the block ends, dropped when it raises."""
        async with AsyncSession(self._writer, expire_on_commit=False) as db, db.begin():
            yield db


def _add_columns(connection: Connection) -> None:
    """Give the tables of an older release the columns that they lack, with their defaults."""
    found = inspect(connection)
    for table in Base.metadata.sorted_tables:
        present = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name in present:
                continue
            kind = column.type.compile(connection.dialect)
            names = connection.dialect.identifier_preparer
            where, what = names.format_table(table), names.format_column(column)
            connection.exec_driver_sql(f"ALTER TABLE {where} ADD COLUMN {what} {kind}")
            default = column.default
            if isinstance(default, ColumnDefault) and default.is_scalar:
                connection.execute(update(table).values({column.name: default.arg}))
            elif isinstance(default, ColumnDefault):
                connection.execute(update(table).values({column.name: default.arg(None)}))


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so, below
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


async def device_named(db: AsyncSession, device_id: str) -> Device | None:
    """The account of a device id."""
    return await db.scalar(select(Device).where(Device.device_id == device_id))


async def operations_of(db: AsyncSession, device: Device) -> Sequence[Operation]:
    """A device's operations, oldest first."""
    query = select(Operation).where(Operation.device_pk == device.id).order_by(Operation.id)
    return (await db.scalars(query)).all()


async def components_of(db: AsyncSession, device: Device) -> Sequence[Component]:
    """A device's inventory as last read."""
    query = select(Component).where(Component.device_pk == device.id).order_by(Component.id)
    return (await db.scalars(query)).all()


async def delivered_of(db: AsyncSession, device: Device) -> Sequence[Delivered]:
    """The delivered packages of a device as last read."""
    query = select(Delivered).where(Delivered.device_pk == device.id).order_by(Delivered.id)
    return (await db.scalars(query)).all()


async def commands_of(
    db: AsyncSession, device: Device, open_only: bool = False
) -> Sequence[DmCommand]:
    """The commands given by hand, oldest first; those without an answer if asked."""
    query = select(DmCommand).where(DmCommand.device_pk == device.id).order_by(DmCommand.id)
    if open_only:
        query = query.where(DmCommand.state.in_(("queued", "sent")))
    return (await db.scalars(query)).all()


async def packages_of(db: AsyncSession) -> Sequence[Package]:
    """The catalogue, oldest first."""
    return (await db.scalars(select(Package).order_by(Package.id))).all()


async def facts_of(db: AsyncSession, device: Device) -> Facts:
    """All that a decision about a device is made from."""
    default = await db.get(DefaultSoftware, device.device_type)
    return Facts(
        device_type=device.device_type,
        components=await components_of(db, device),
        operations=await operations_of(db, device),
        packages=await packages_of(db),
        default=default.packages if default else (),
        delivered=await delivered_of(db, device),
        commands=await commands_of(db, device, open_only=True),
    )


async def keep_facts(db: AsyncSession, before: Facts, facts: Facts) -> None:
    """Store what a session changed: a new inventory replaces the old one."""
    for old, new in (
        (before.components, facts.components),
        (before.delivered, facts.delivered),
    ):
        if new is not old:
            for row in old:
                await db.delete(row)
            db.add_all(new)
    db.add_all(facts.operations)


async def last_session(
    db: AsyncSession, device_id: str, session_id: str | None = None
) -> DmSession | None:
    """The latest session of a device, of one SessionID if given."""
    query = select(DmSession).where(DmSession.device_id == device_id)
    if session_id is not None:
        query = query.where(DmSession.session_id == session_id)
    return await db.scalar(query.order_by(DmSession.id.desc()).limit(1))


async def forget_sessions(db: AsyncSession, device_id: str, kept: int) -> None:
    """Forget all but a device's latest sessions, and what was said in them."""
    query = select(DmSession.id).where(DmSession.device_id == device_id)
    oldest = await db.scalar(query.order_by(DmSession.id.desc()).offset(kept - 1).limit(1))
    if oldest is not None:
        old = query.where(DmSession.id < oldest)
        await db.execute(delete(LoggedMessage).where(LoggedMessage.session_pk.in_(old)))
        await db.execute(delete(DmSession).where(DmSession.id.in_(old)))


async def messages_of(
    db: AsyncSession, after: int = 0, device_id: str | None = None, session_pk: int | None = None
) -> Sequence[LoggedMessage]:
    """Messages in the order they went over the wire."""
    query = select(LoggedMessage).where(LoggedMessage.id > after)
    if device_id is not None:
        query = query.where(LoggedMessage.device_id == device_id)
    if session_pk is not None:
        query = query.where(LoggedMessage.session_pk == session_pk)
    return (await db.scalars(query.order_by(LoggedMessage.id).limit(1000))).all()
