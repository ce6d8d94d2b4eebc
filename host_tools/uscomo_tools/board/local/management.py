"""What `uscomo board install, update, ...` do with one board: an order, its sessions, its end.

No input and no output but through the listener: the command line is in `cli/board_apps.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import RefusedError, UnreachableError, UsageError, UscomoError
from ...package import Abi, Package, Project, build, read_package
from ...server import results
from ..connection import Board, BoardError
from .cable import About, Cable, Listener, Told, require_account
from .keys import developer_key, local_folder
from .server import LocalServer

# A wish may need several starts of the board: one before, one after, one to prove a new agent.
_MAX_ROUNDS = 5
# Seconds on top of a trial for the start of a board (emulated ones are slow), and after which a
# start has not failed.
_START = 240.0
_GRACE = 1.0

_ENDED = ("done", "failed", "refused")
_NOT_FOUND, _NO_ACCESS = 404, 425

#: What the user can do about a result.
_WORDS = {
    ("rollback", 1405): "the board has no older version of it, or none that it could put in place"
}
ADVICE = {
    results.USER_CANCELLED: "answer the board's question with yes, or add --yes",
    1404: "remove something with `uscomo board remove ID`",
    1406: "remove something with `uscomo board remove ID`",
    1407: "sign it with a key that the board trusts, or make it trust yours: "
    "`uscomo board deploy`; a component of another signer has to be removed first",
    1413: "build it again on this computer: `uscomo board install FOLDER`",
    1456: "raise `release` in uscomo.toml, or build with downgrade = true",
    1457: "deactivate or remove the other component first",
    1458: "install or activate what it requires first",
    1408: "remove or deactivate what requires it first",
    1410: "deactivate what requires it first",
    _NO_ACCESS: "it was installed by another server, which alone may change it",
}


@dataclass
class Outcome:
    """How a wish ended.

    Parameters
    ----------
    code
        SCOMO's result code, or a DM status; 0 where there is none.
    words
        What the code means.
    trial
        Ids of components that are on trial now.
    """

    code: int
    words: str
    trial: list[str] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "code": self.code,
            "outcome": self.words,
            "on_trial": self.trial,
            "confirmed": self.confirmed,
        }


class Management:
    """One board and the in-process server.

    Parameters
    ----------
    board
        Closed by whoever opened it.
    folder
        The developer's own, if not the user's usual one.
    """

    def __init__(self, board: Board, listener: Listener, folder: Path | None = None) -> None:
        self.folder = folder or local_folder()
        self.cable = Cable(board, listener)
        self._url = board.url
        self._about: About | None = None

    @property
    def about_last(self) -> About:
        """What the board said when it was asked last; it was."""
        assert self._about is not None
        return self._about

    # -- looking

    def about(self) -> About:
        """Ask what the board has."""
        with self._programs_again():
            self._about = self.cable.about()
        return self._about

    # -- wishes

    def install(self, source: Path, active: bool = True, wait: bool = False) -> Outcome:
        """Install a package, or a project's folder that is built and signed for this.

        Raises
        ------
        PackageError
            It is no package, or the project cannot be built.
        RefusedError
            By the user, a signature or an access list.
        UscomoError
            It failed on the board.
        """
        data = None if source.is_dir() else source.read_bytes()
        package = None if data is None else read_package(data, allow_update=True)
        with self._programs_again():
            about = self._open()
            if data is None:
                data = build(Project.load(source), developer_key(self.folder), _abi(about))
                package = read_package(data)
            assert package is not None
            with LocalServer(self.folder / "server") as server:
                server.know(about.device_id, about.device_type)
                correlators = server.install(about.device_id, data, active)
                outcome = self._carry_out(server, about, correlators, package)
        return self._watch(about, outcome, [part.id for part in package.components], wait)

    def operate(self, primitive: str, id: str, wait: bool = False) -> Outcome:
        """Activate, deactivate, remove or roll back a component."""
        with self._programs_again(), LocalServer(self.folder / "server") as server:
            about = self._open(id)
            server.know(about.device_id, about.device_type)
            correlators = server.order(about.device_id, primitive, id)
            outcome = self._carry_out(server, about, correlators, None)
        return self._watch(about, outcome, [id], wait)

    def request(self, kind: str, id: str, wait: bool = False) -> Outcome:
        """Let the board ask for an application, or an update, as its user would.

        Raises
        ------
        RefusedError
            There is nothing to be had, or the user said no.
        """
        with self._programs_again(), LocalServer(self.folder / "server") as server:
            about = self._open(id if kind == "update" and id else None)
            server.know(about.device_id, about.device_type)
            server.clear(about.device_id)
            known = set(server.operations(about.device_id))
            told = self._session(server, kind, id)
            # The answer is given before the server has looked at the board: what follows counts.
            fresh = [name for name in server.operations(about.device_id) if name not in known]
            if not fresh:
                raise RefusedError(_answer(told.answers, id, server))
            outcome = self._follow_up(server, about, fresh, told)
        return self._watch(about, outcome, list(outcome.trial), wait)

    def confirm(self, id: str) -> Outcome:
        """Say that a component on trial works, in its user's place."""
        with self._programs_again():
            found = self._open(id).component(id)
            assert found is not None
            if found.trial:
                self.cable.confirm(id)
        if not found.trial:
            raise UsageError(f"{id} {found.version} is not on trial")
        return Outcome(results.SUCCESS, "confirmed", [], [id])

    # -- how

    def _open(self, id: str | None = None) -> About:
        self._about = about = self.cable.about()
        require_account(about, self._url)
        if id is not None and about.component(id) is None:
            names = ", ".join(sorted(found.id for found in about.components))
            raise UsageError(f"{id} is not on the board; there is: {names or 'nothing'}")
        return about

    @contextmanager
    def _programs_again(self) -> Iterator[None]:
        # By a planned restart, with which no trial loses an attempt.
        try:
            yield
        except BaseException:
            if self.cable.is_stopped:
                with suppress(UnreachableError):
                    self._start()
            raise
        if self.cable.is_stopped:
            self.cable.leave()

    def _start(self) -> None:
        board = self.cable.board
        board.resume()
        try:
            self.cable.leave()
        except BoardError:  # its agent is no more what it was
            board.soft_reset(run_main=True)

    def _session(self, server: LocalServer, kind: str = "check", id: str = "") -> Told:
        """The first session of a wish. What was accepted before it and cut off ends before it."""
        for _ in range(_MAX_ROUNDS):
            told = self.cable.serve(server, kind, id)
            if told.sessions:
                break
        self._expect_session(told)
        told.operations = told.since_session
        return told

    def _carry_out(
        self,
        server: LocalServer,
        about: About,
        correlators: Sequence[str],
        package: Package | None,
    ) -> Outcome:
        told = self._session(server)
        return self._follow_up(server, about, correlators, told, package)

    def _follow_up(
        self,
        server: LocalServer,
        about: About,
        correlators: Sequence[str],
        told: Told,
        package: Package | None = None,
    ) -> Outcome:
        """See to it that all of the operations come to their end, or to their trial."""
        agent = package is not None and any(part.agent for part in package.components)
        codes = dict(told.operations)
        for _ in range(_MAX_ROUNDS):
            rows = [server.operations(about.device_id)[name] for name in correlators]
            own = rows[-1] if rows else None
            waits = own is not None and own["state"] not in _ENDED and not own["on_trial"]
            goes_on = waits and len(codes) < len(rows)
            unproved = agent and codes and list(codes.values())[-1] == results.ON_TRIAL
            if not (goes_on or unproved):
                break
            told = self.cable.serve(server)
            self._expect_session(told)
            agent = agent and not any(word == "confirmed" for word in told.components.values())
            codes.update(told.operations)
        rows = [server.operations(about.device_id)[name] for name in correlators]
        return self._judge(rows, codes, told)

    def _judge(self, rows: Sequence[dict[str, Any]], codes: dict[int, int], told: Told) -> Outcome:
        for row in rows:
            if row["state"] in ("failed", "refused"):
                if row["code"] == _NOT_FOUND:
                    # It is there (`_open` has looked), and hidden from the account `local`.
                    self._fail(_NO_ACCESS, "not the cable's")
                code = int(row["code"] or 0)
                self._fail(code, _WORDS.get((row["primitive"], code), str(row["reason"])))
        for code in codes.values():
            if not results.is_success(code) and code != results.UPDATE_DOES_NOT_FIT:
                self._fail(code, results.explain(code))
        confirmed = [id for id, what in told.components.items() if what == "confirmed"]
        last = list(codes.values())[-1] if codes else 0
        if not last and rows and rows[-1]["state"] == "done":
            last = int(rows[-1]["code"] or results.SUCCESS)
        if not last:
            raise UscomoError("the board has not said how it ended; try again")
        if confirmed:
            return Outcome(results.SUCCESS, results.explain(results.SUCCESS), [], confirmed)
        return Outcome(last, results.explain(last))

    def _fail(self, code: int, words: str) -> None:
        advice = ADVICE.get(code)
        message = f"{words} ({code})" if code else words
        message += f"\n{advice}" if advice else ""
        refused = (results.USER_CANCELLED, 1407, 1451, 1450, 304, _NO_ACCESS, 403)
        raise (RefusedError if code in refused else UscomoError)(message)

    def _expect_session(self, told: Told) -> None:
        if not told.sessions:
            raise UscomoError(f"{self._url}: the board opened no session, see its console")
        outcome = told.sessions[-1]
        if outcome == "unreachable":
            raise UnreachableError(f"{self._url}: the board could not reach this program")
        if outcome != "done":
            raise UscomoError(f"{self._url}: the session ended with: {outcome}")

    def _watch(self, about: About, outcome: Outcome, ids: Sequence[str], wait: bool) -> Outcome:
        """Wait until what was installed runs, and with ``wait`` until its trial is over."""
        if outcome.code != results.ON_TRIAL:
            return outcome
        names = list(ids)

        def gone_wrong(told: Told) -> bool:
            words = told.components.values()
            return "crashed" in words or "rolled" in words

        def begun(told: Told) -> bool:
            known = [id for id in names if id in told.components] if names else told.components
            return gone_wrong(told) or bool(known)

        def over(told: Told) -> bool:
            words = told.components
            return "rolled" in words.values() or all(words.get(id) == "confirmed" for id in names)

        self.cable.told.components.clear()
        if not self.cable.follow(begun, _START):
            raise UnreachableError(f"{self._url}: installed, but the board does not start it")
        names = names or list(self.cable.told.components)
        if wait:
            self.cable.follow(over, about.confirm_after * 4 + _START)
        else:
            self.cable.follow(gone_wrong, _GRACE)
        words = self.cable.told.components
        if "rolled" in words.values():
            # It says so before it is written.
            self.cable.follow(lambda told: False, _GRACE)
            self._fail(1472, "trial failed; rolled back")
        if gone_wrong(self.cable.told) and not wait:
            raise UscomoError("installed, but it ended with an exception: it is tried again")
        outcome.confirmed = [id for id in names if words.get(id) == "confirmed"]
        outcome.trial = [id for id in names if words.get(id) == "on"]
        if outcome.confirmed and not outcome.trial:
            outcome.code, outcome.words = results.SUCCESS, results.explain(results.SUCCESS)
        elif wait:
            raise UscomoError(f"the trial of {', '.join(outcome.trial)} does not end")
        return outcome


def _abi(about: About) -> Abi:
    """What to compile for: the board's own .mpy version, where bytecode of it is to be had."""
    version, sub = about.mpy & 0xFF, about.mpy >> 8 & 3
    return Abi(f"{version}.{sub}" if version else None)


def _answer(answers: Sequence[str], id: str, server: LocalServer) -> str:
    words = answers[-1] if answers else "no answer"
    if words.endswith("nothing available"):
        names = ", ".join(server.packages())
        words = f"nothing newer of {id or 'all that is installed'} is to be had"
        words += f"; this computer has: {names}" if names else "; nothing was published here yet"
    return words
