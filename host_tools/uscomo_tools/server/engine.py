"""The server's end of an OMA DM 1.2 session: a message and a state in, an answer and a state out.

This file knows packages, authentication in both directions, Status rules and message sizes
(Protocol 6, 8 and 9; RepPro 6.5). It does not know what is managed: that is the ``Work`` it is
given. It opens no socket and no database.

A client's message is one of five things:

1. of an unknown version, or its credentials fail: Statuses with that one code, no commands;
2. an abort (Alert 1223): Statuses, and the session is over;
3. a challenge to the server: the commands sent before are sent again with a new credential;
4. not the last of its package: Statuses and Alert 1222, nothing else, no Final;
5. the end of its package: every command sent before has its answer; new ones may follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from uscomo_tools.server import credentials, mac
from uscomo_tools.server.log import event
from uscomo_tools.server.models import Device
from uscomo_tools.server.numbering import append, numbers, status_of
from uscomo_tools.server.objects import SIZE_MISMATCH, TOO_LARGE, Assembly
from uscomo_tools.server.reports import number, text
from uscomo_tools.server.state import Sent, SessionState
from uscomo_tools.server.steps import Outcome, Step
from uscomo_tools.syncml.message import Command, Header, Item, Message, Meta

VERSION_DTD, VERSION_PROTOCOL = "1.2", "DM/1.2"
MAX_CLIENT_FAILURES = 3
MAX_SERVER_FAILURES = 3

LARGEST_MESSAGE = 32 * 1024  # for a device that announces none; what pieces are cut to

OK, NOT_ALLOWED, UNSUPPORTED = 200, 405, 406
DTD_UNSUPPORTED, PROTOCOL_UNSUPPORTED = 505, 513
SERVER_GAVE_UP = 500
CHALLENGES = frozenset({401, 407})

NEXT_MESSAGE, ABORT, GENERIC = "1222", "1223", "1226"
STARTS = frozenset({"1200", "1201"})
NO_END_OF_DATA = "1225"
ALERTS = dict.fromkeys((*STARTS, NEXT_MESSAGE, ABORT, NO_END_OF_DATA), OK)
UNANSWERED = frozenset({"Status", "Results"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a message and of an object that we take, told in the first message; 0 is untold."""

    message: int = 0
    object: int = 256 * 1024


#: Bytes that would be left in the message behind a command; negative when it does not fit.
Room = Callable[[Command], int]


class Work(Protocol):
    """What a session is about; :class:`uscomo_tools.server.planner.Planner` for SCOMO."""

    def device_info(self, items: list[Item]) -> int: ...
    def alert(self, command: Command) -> int: ...
    def next_steps(self) -> list[Step]: ...
    def build(self, step: Step, room: Room) -> Command: ...
    def sent(self, step: Step) -> None: ...
    def finished(self, step: Step, outcome: Outcome) -> list[Step]: ...


class Session:
    """One exchange of a session.

    Parameters
    ----------
    device
        The account; its nonces are renewed in place.
    measure
        Bytes that a message takes in the encoding in use.
    """

    def __init__(
        self,
        state: SessionState,
        device: Device,
        work: Work,
        measure: Callable[[Message], int],
        resp_uri: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.state = state
        self.device = device
        self.work = work
        self.measure = measure
        self.resp_uri = resp_uri
        self.limits = limits or Limits()
        self.assembly = Assembly(state.partial, self.limits.object)
        self.pieces: dict[int, int] = {}

    def receive(self, message: Message, proof: mac.Proof | None = None) -> Message:
        """Take the client's message, and what stood beside it, and give the answer to it."""
        header, state = message.header, self.state
        state.client_msg_id = header.msg_id
        if header.meta and header.meta.max_msg_size:
            state.max_msg_size = header.meta.max_msg_size
        if header.meta and header.meta.max_obj_size:
            state.max_obj_size = header.meta.max_obj_size
        begins = any(c.name == "Alert" and text(c.data) in STARTS for c in message.commands)
        if state.ended and begins:
            state.client_ok = state.proved = False  # who begins again proves itself again
        reply = self._new_reply(header)
        code = _version_status(header) or self._authenticate(header, proof)
        if state.refused or code not in (200, 212):
            return self._reject(message, reply, code)

        state.ended = False
        self.device.max_msg_size = state.max_msg_size
        self.device.max_obj_size = state.max_obj_size
        self._header_status(message, reply, code)
        self._announce(reply)
        challenged = self._server_verdict(message)
        self._assemble(message)
        self.state.collect(message)
        self._fail_broken(message)
        aborted = self._answer_commands(message, reply)
        self._tell_interrupted(reply)
        if aborted or state.refused:
            if not aborted:
                append(reply, Command(name="Alert", cmd_id="", data=ABORT))
            state.ended, state.queue, state.sent = True, [], []
        elif challenged:
            state.queue = [sent.step for sent in state.sent] + state.queue
            state.sent = []
            self._send(reply)
        elif (not message.final or state.partial) and not state.unfinished:
            append(reply, Command(name="Alert", cmd_id="", data=NEXT_MESSAGE))
            reply.final = False
        else:
            self._settle()
            self._send(reply)
        return reply

    # -- header and credentials -------------------------------------------------------------

    def _new_reply(self, request: Header) -> Message:
        self.state.server_msg_id += 1
        header = Header(
            session_id=request.session_id,
            msg_id=str(self.state.server_msg_id),
            target=request.source,
            source=request.target,
            resp_uri=self.resp_uri,
        )
        return Message(header=header, commands=[], final=True)

    def _authenticate(self, header: Header, proof: mac.Proof | None) -> int:
        state, device = self.state, self.device
        if state.client_ok:
            return credentials.ACCEPTED_SESSION
        issued = state.client_nonce
        nonce = device.client_nonce if issued is None else bytes.fromhex(issued)
        if device.auth == "mac" and not (header.credential and proof is None):
            return mac.verify(device.user, device.secret, nonce, proof)
        return credentials.verify(device.auth, device.secret, nonce, header.credential)

    def _reject(self, message: Message, reply: Message, code: int) -> Message:
        """Case 1: the same code for the header and every command; no nonce is stored yet."""
        state = self.state
        code = state.refused or code
        status = status_of(message.header.msg_id, "0", "SyncHdr", code)
        if code == DTD_UNSUPPORTED:
            status.items = [Item(data=VERSION_DTD.encode())]
        elif code == PROTOCOL_UNSUPPORTED:
            status.items = [Item(data=VERSION_PROTOCOL.encode())]
        elif code in CHALLENGES and not state.refused:
            state.client_failures += 1
            # Once messages are proved by MAC, one that is not ends the session (Security 5.4).
            if state.client_failures < MAX_CLIENT_FAILURES and not state.proved:
                nonce = credentials.new_nonce()
                state.client_nonce = nonce.hex()
                status.challenge = credentials.challenge(self.device.auth, nonce)
        if status.challenge is None:
            state.refused, state.ended = code, True
        event("refused", self.device.device_id, session=message.header.session_id, code=code)
        append(reply, status)
        for command in message.commands:
            if command.name not in UNANSWERED:
                append(reply, status_of(message.header.msg_id, command.cmd_id, command.name, code))
        if state.refused:
            append(reply, Command(name="Alert", cmd_id="", data=ABORT))
        return reply

    def _header_status(self, message: Message, reply: Message, code: int) -> None:
        status = status_of(message.header.msg_id, "0", "SyncHdr", code)
        auth, state = self.device.auth, self.state
        # A nonce for each session, under MAC for each message.
        if auth != "none" and not state.client_ok and credentials.SCHEMES[auth].has_nonce:
            nonce = credentials.new_nonce()
            self.device.client_nonce, state.client_nonce = nonce, None
            status.challenge = credentials.challenge(auth, nonce)
        state.client_ok = code == credentials.ACCEPTED_SESSION
        state.proved = auth == "mac"
        append(reply, status)

    def _server_verdict(self, message: Message) -> bool:
        """Read what the client thinks of our credential; True for case 3, a challenge."""
        state = self.state
        verdict = next(
            (c for c in message.commands if c.name == "Status" and c.cmd_ref == "0"), None
        )
        if verdict is None:
            return False
        code, chal = number(verdict.data), verdict.challenge
        if chal is not None and chal.next_nonce is not None:
            state.server_nonce = chal.next_nonce.hex()
            # Kept at once where the client has proved itself: there may be no later message.
            if state.client_ok or state.proved:
                self.device.server_nonce = chal.next_nonce
        if code in CHALLENGES:
            state.server_ok = False
            state.server_failures += 1
            scheme = credentials.OF_SERVER.get(chal.type) if chal else None
            state.server_scheme = scheme or ""
            able = scheme and self.device.server_secret
            if not able or state.server_failures >= MAX_SERVER_FAILURES:
                event("server refused", self.device.device_id, code=code)
                state.refused = SERVER_GAVE_UP
            return True
        if state.server_nonce is not None:  # the client has proved itself: now it is kept
            self.device.server_nonce = bytes.fromhex(state.server_nonce)
        # Once accepted for the session, a later 200 takes nothing back.
        state.server_ok = state.server_ok or code == credentials.ACCEPTED_SESSION
        return False

    def _scheme(self) -> str:
        """How we prove ourselves: what the client asked for last, else the account's way."""
        if not self.device.server_secret:
            return "none"
        return self.state.server_scheme or self.device.server_auth

    def _server_nonce(self) -> bytes:
        issued = self.state.server_nonce
        return self.device.server_nonce if issued is None else bytes.fromhex(issued)

    def _sign(self, reply: Message) -> None:
        """Add our credential until the client has accepted it for the session."""
        device, scheme = self.device, self._scheme()
        if scheme == "none" or self.state.server_ok:
            return
        reply.header.source_name = device.server_name
        if scheme == "md5":
            reply.header.credential = credentials.md5_credential(
                device.server_secret, self._server_nonce()
            )

    def proof(self, body: bytes) -> str:
        """What goes into x-syncml-hmac beside our message, empty for nothing.

        A message to somebody who has not proved itself has none: it would tell a guess at a
        password from an account that does not exist.
        """
        known = self.state.client_ok or self.state.proved or self.device.auth == "none"
        if self._scheme() != "mac" or not known or self.state.refused:
            return ""
        device = self.device
        return mac.write(device.server_name, device.server_secret, self._server_nonce(), body)

    # -- large objects of the client --------------------------------------------------------

    def _announce(self, reply: Message) -> None:
        """Say once in a session what we take; it stays in force (Protocol 7)."""
        if not self.state.announced and self.limits.message:
            reply.header.meta = Meta(
                max_msg_size=self.limits.message, max_obj_size=self.limits.object
            )
            self.state.announced = True

    def _assemble(self, message: Message) -> None:
        """Join pieces before anybody reads an Item."""
        for command in message.commands:
            self.pieces[id(command)] = self.assembly.take(command)
        self.assembly.close()
        self.state.partial = self.assembly.partial

    def _fail_broken(self, message: Message) -> None:
        for command in message.commands:
            code = self.pieces[id(command)]
            if command.name == "Results" and code in (TOO_LARGE, SIZE_MISMATCH):
                self.state.fail(command.cmd_ref or "", code)
        for lost in self.assembly.interrupted:
            self.state.fail(lost.cmd_ref, SIZE_MISMATCH)

    def _tell_interrupted(self, reply: Message) -> None:
        for lost in self.assembly.interrupted:
            item = Item(source=lost.uri)
            append(reply, Command(name="Alert", data=NO_END_OF_DATA, items=[item]))

    # -- the client's commands --------------------------------------------------------------

    def _answer_commands(self, message: Message, reply: Message) -> bool:
        """One Status for each command, in order; True when the client gave up."""
        aborted = False
        for command in message.commands:
            code = self._take(command)
            if code:
                msg_id = message.header.msg_id
                append(reply, status_of(msg_id, command.cmd_id, command.name, code))
            aborted = aborted or (command.name, text(command.data)) == ("Alert", ABORT)
        return aborted

    def _take(self, command: Command) -> int:
        """Act on one command of the client; 0 when it gets no Status."""
        if command.name == "Status":
            return 0
        piece = self.pieces[id(command)]
        if command.name == "Results" or (piece and not command.items):
            return piece
        if command.name == "Replace":
            return self.work.device_info(command.items)
        if command.name != "Alert":
            return NOT_ALLOWED
        code = text(command.data)
        known = self.work.alert(command) if code == GENERIC else ALERTS.get(code, UNSUPPORTED)
        return max(piece, known)

    def _settle(self) -> None:
        finished, self.state.sent = self.state.sent, []
        follow_up = [
            step for sent in finished for step in self.work.finished(sent.step, sent.outcome())
        ]
        self.state.queue = follow_up + self.state.queue

    # -- our commands -----------------------------------------------------------------------

    def _send(self, reply: Message) -> None:
        """Case 3 and 5: credential, then as many steps as the client's message size allows."""
        state = self.state
        self._sign(reply)
        was_unfinished, state.unfinished = state.unfinished, False
        if not state.queue:
            state.queue = self.work.next_steps()
        while state.queue:
            step = state.queue[0]
            command = self.work.build(step, lambda sized: self._room(reply, sized))
            if not state.max_msg_size or self._room(reply, command) >= 0:
                append(reply, command)
                state.sent.append(Sent(step, reply.header.msg_id, numbers(command)))
                self.work.sent(step)
                state.queue.pop(0)
                if any(item.more for item in command.items):
                    # Nothing may stand between the pieces of an object (Protocol 7).
                    reply.final, state.unfinished = False, True
                    break
                continue
            if state.sent:
                break
            if not was_unfinished and len(reply.commands) > 1:
                # Statuses alone now; the client asks for the next message with Alert 1222.
                reply.final, state.unfinished = False, True
                break
            event("too large", self.device.device_id, step=step.kind, limit=state.max_msg_size)
            state.queue.pop(0)
            failed = Sent(step, reply.header.msg_id, numbers(command))
            failed.codes = {cmd: TOO_LARGE for cmd, _ in failed.commands}
            self.work.sent(step)
            state.queue = self.work.finished(step, failed.outcome()) + state.queue
        state.ended = not state.sent and not state.unfinished

    def _room(self, reply: Message, command: Command) -> int:
        append(reply, command)
        size = self.measure(reply)
        reply.commands.pop()
        return (self.state.max_msg_size or LARGEST_MESSAGE) - size


def _version_status(header: Header) -> int:
    if header.ver_dtd != VERSION_DTD:
        return DTD_UNSUPPORTED
    return 0 if header.ver_proto == VERSION_PROTOCOL else PROTOCOL_UNSUPPORTED
