"""One message of a device, from the database to the database: the session between two requests.

Nothing of a session lives in the process. A message belongs to a session by device id and
SessionID; clients that always use the same SessionID start a new session with a lower MsgID.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass, replace

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from uscomo_tools.server import mac
from uscomo_tools.server.catalogue import PackageFolder
from uscomo_tools.server.contents import Contents
from uscomo_tools.server.engine import Limits, Session
from uscomo_tools.server.log import event
from uscomo_tools.server.models import Device, DmSession, LoggedMessage, now
from uscomo_tools.server.planner import Place, Planner
from uscomo_tools.server.policy import Facts
from uscomo_tools.server.reports import number
from uscomo_tools.server.settings import ServerSettings
from uscomo_tools.server.state import SessionState
from uscomo_tools.server.storage import (
    Storage,
    device_named,
    facts_of,
    forget_sessions,
    keep_facts,
    last_session,
)
from uscomo_tools.server.survey import Plan
from uscomo_tools.syncml.message import Encoding, Message, encode


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came, and where its sender found this server.

    ``proof`` is what x-syncml-hmac said.
    """

    body: bytes
    content_type: str
    encoding: Encoding
    message: Message
    base_url: str
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: the body, and x-syncml-hmac or nothing."""

    body: bytes
    proof: str = ""


class Exchanger:
    """Answers messages; holds no state but its settings."""

    def __init__(self, storage: Storage, settings: ServerSettings) -> None:
        self.storage = storage
        self.settings = settings
        self.contents = Contents(PackageFolder(settings.data_folder))

    async def answer(self, incoming: Incoming) -> Answer:
        """The response, in the encoding of the request."""
        header = incoming.message.header
        digest = hashlib.sha256(incoming.body).hexdigest()
        async with self.storage.writing() as db:
            row = await self._session(db, incoming.message, digest)
            repeated = await self._repeated(db, row, header.msg_id, digest)
            await self._log(db, row, "up", incoming, incoming.body)
            if repeated is not None:
                event("repeated message", header.source, session=header.session_id)
                await self._log(db, row, "down", incoming, repeated.body)
                return repeated
            device = await device_named(db, header.source)
            facts = await facts_of(db, device) if device else Facts("")
            before = replace(facts)
            account = device or _nobody(header.source)
            # In a thread: it may have to make an update package.
            reply, answer = await to_thread.run_sync(self._converse, account, facts, row, incoming)
            if device:
                device.last_seen = now()
                await keep_facts(db, before, facts)
            log = await self._log(db, row, "down", incoming, answer.body)
            row.last_at = now()
            row.state = {
                **row.state,
                "digest": digest,
                "answer": log.id,
                "proof": answer.proof,
                "renewed": any(command.challenge for command in reply.commands),
            }
            event(
                "exchange",
                header.source,
                session=header.session_id,
                message=header.msg_id,
                up=len(incoming.body),
                down=len(answer.body),
                commands=[c.name for c in reply.commands if c.name != "Status"],
            )
            return answer

    def _converse(
        self, device: Device, facts: Facts, row: DmSession, incoming: Incoming
    ) -> tuple[Message, Answer]:
        state = SessionState.from_json(row.state.get("engine", {}))
        plan = Plan(**row.state.get("plan", {}))
        place = Place(
            session_pk=row.id,
            base_url=incoming.base_url,
            report_timeout=self.settings.report_timeout,
            inventory_age=self.settings.inventory_age,
            contents=self.contents,
        )
        session = Session(
            state,
            device,
            Planner(device, facts, plan, place),
            lambda message: len(encode(message, incoming.encoding)),
            self.settings.resp_uri,
            Limits(self.settings.max_body, self.settings.max_object),
        )
        reply = session.receive(incoming.message, mac.read(incoming.proof, incoming.body))
        row.state = {**row.state, "engine": asdict(state), "plan": asdict(plan)}
        body = encode(reply, incoming.encoding)
        return reply, Answer(body, session.proof(body))

    async def _session(self, db: AsyncSession, message: Message, digest: str) -> DmSession:
        header = message.header
        row = await last_session(db, header.source, header.session_id)
        if row is not None and self._goes_on(row, header.msg_id, digest):
            return row
        row = DmSession(device_id=header.source, session_id=header.session_id, state={})
        db.add(row)
        await db.flush()
        await forget_sessions(db, header.source, self.settings.kept_sessions)
        return row

    def _goes_on(self, row: DmSession, msg_id: str, digest: str) -> bool:
        if now() - row.last_at > self.settings.session_timeout:
            return False
        return _repeats(row, msg_id, digest) or _follows(msg_id, _last_msg_id(row))

    async def _repeated(
        self, db: AsyncSession, row: DmSession, msg_id: str, digest: str
    ) -> Answer | None:
        if not _repeats(row, msg_id, digest):
            return None
        stored = await db.get(LoggedMessage, row.state["answer"])
        return Answer(stored.body, row.state.get("proof", "")) if stored else None

    async def _log(
        self, db: AsyncSession, row: DmSession, direction: str, incoming: Incoming, body: bytes
    ) -> LoggedMessage:
        logged = LoggedMessage(
            session_pk=row.id,
            device_id=row.device_id,
            direction=direction,
            content_type=incoming.content_type,
            body=body,
        )
        db.add(logged)
        await db.flush()
        return logged


def _last_msg_id(row: DmSession) -> str:
    return str(row.state.get("engine", {}).get("client_msg_id", ""))


def _repeats(row: DmSession, msg_id: str, digest: str) -> bool:
    """Whether the message came before, byte by byte, and deserves the same answer.

    A session that ended without a new nonce is not repeated: clients without nonces and with a
    constant SessionID start every session with the same bytes.
    """
    same = row.state.get("digest") == digest and _last_msg_id(row) == msg_id
    ended = row.state.get("engine", {}).get("ended", False)
    return same and (not ended or bool(row.state.get("renewed")))


def _follows(msg_id: str, last: str) -> bool:
    if number(msg_id) and number(last):
        return number(msg_id) > number(last)
    return msg_id != last


def _nobody(device_id: str) -> Device:
    """An account that no credential opens: an unknown device sees what a wrong password sees."""
    return Device(
        device_id=device_id,
        auth="md5",
        secret=secrets.token_hex(16),
        client_nonce=b"",
        server_auth="none",
        server_secret="",
    )
