"""Random histories of an operator, a user, a network and a power switch: both ends agree after.

A history ends with a quiet time: nothing is lost any more and a day goes by. Then the server's
inventory is the board's, every operation has ended on both sides, none ran twice, and what the
server says of it is what the board said.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from ends import BUSY, Board, Server, Wire, nonce, specification
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import uscomo_boot
from uscomo import consent, session
from uscomo_tools.package import SigningKey
from uscomo_tools.server import exchange, models, operations, planner, survey

NAMES = ("blink", "clock")
KEY = SigningKey.generate(2048)
DAY = 86_400.0

names = st.sampled_from(NAMES)
ids = names.map("com.example.{}".format)
losses = st.sets(
    st.tuples(st.sampled_from(("up", "down")), st.integers(1, 5)), min_size=1, max_size=2
)


class Histories(RuleBasedStateMachine):
    """One device and its server."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.folder = Path(tempfile.mkdtemp(prefix="uscomo-dm-"))
        self.later = 0.0
        self.releases = dict.fromkeys(NAMES, 0)
        true_now = models.now
        for module in (exchange, models, operations, planner, survey):
            self.patch.setattr(module, "now", lambda: true_now() + self.later)
        mode = consent.mode
        self.patch.setattr(consent, "mode", mode)
        self.patch.setattr(uscomo_boot, "ROOT", "")

    @initialize(auth=st.sampled_from(("none", "basic", "md5")))
    def begin(self, auth: str) -> None:
        spec = specification(auth=auth)
        self.server = Server(self.folder / "server", KEY)
        self.server.enrol(spec)
        self.board = Board(self.folder / "board", spec, Wire(self.server), self.patch)
        # Something to begin with: what a history does to an empty device is soon told.
        for name in NAMES:
            self.publish(name, "device")
        self.board.agent.request("install", "com.example.blink", "User")
        self.board.settle()

    def teardown(self) -> None:
        try:
            if hasattr(self, "board"):
                self.quiet_time()
                self.compare()
        finally:
            if hasattr(self, "server"):
                self.server.stop()
            self.patch.undo()
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- the operator

    @rule(name=names, ask=st.sampled_from(("server", "device")))
    def publish(self, name: str, ask: str) -> None:
        self.releases[name] += 1
        self.server.publish(name, self.releases[name], ask)

    @rule(wanted=st.sets(names))
    def default(self, wanted: set[str]) -> None:
        self.server.default(*(f"com.example.{name}" for name in sorted(wanted)))

    @rule(subject=ids, primitive=st.sampled_from(("install", "activate", "deactivate", "remove")))
    def order(self, subject: str, primitive: str) -> None:
        self.server.order(primitive, subject)

    # -- the user

    @rule(subject=ids, cause=st.sampled_from(("User", "Device")))
    def request(self, subject: str, cause: str) -> None:
        self.board.agent.request("install", subject, cause)

    @rule(subject=st.one_of(ids, st.just("")))
    def update(self, subject: str) -> None:
        self.board.agent.request("update", subject, "User")

    @rule(yes=st.booleans())
    def make_up_ones_mind(self, yes: bool) -> None:
        consent.mode = "yes" if yes else "no"
        self.board.consents = yes

    # -- the network, the clock and the power switch

    @rule()
    def check(self) -> None:
        self.board.agent.check()
        self.board.step()

    @rule(lost=losses)
    def bad_session(self, lost: set[tuple[str, int]]) -> None:
        self.board.wire.lose = lost
        self.board.agent.check()
        self.board.step()
        self.board.wire.lose = set()

    @precondition(lambda self: self.board.store.pending())
    @rule()
    def operate(self) -> None:
        self.board.step()

    @rule()
    def go_on(self) -> None:
        self.board.settle()

    @rule()
    def restart(self) -> None:
        self.board.start()

    @rule(of_the_board=st.booleans())
    def lose_nonces(self, of_the_board: bool) -> None:
        if of_the_board:
            self.board.forget_nonces()
        else:
            self.server.change(client_nonce=nonce(), server_nonce=nonce())

    # -- after it all

    def quiet_time(self) -> None:
        for _ in range(8):
            self.later += DAY
            self.board.agent.check()
            self.board.settle()

    def compare(self) -> None:
        board, server = self.board, self.server
        assert board.agent.outcome == session.DONE
        assert board.store.pending() == []
        assert board.store.results == []
        assert board.nodes.keys("~request/") == []
        assert board.nodes.keys("SCOMO/Download") == []
        assert server.inventory() == board.inventory()
        told = dict(board.ended)
        assert set(board.executions().values()) <= {1}, "an operation ran twice"
        for operation in server.operations():
            assert operation.state not in BUSY, vars(operation)
            if operation.reported_at is not None:
                assert told[operation.correlator] == operation.code
            elif operation.correlator in told:
                # Given up after five sessions without an answer, and a day of waiting.
                assert operation.reason == "no report"


Histories.TestCase.settings = settings(
    max_examples=5,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_histories = Histories.TestCase


@pytest.mark.full(minutes=1)
class TestManyHistories(Histories.TestCase):
    """The same, longer and more often."""

    settings = settings(Histories.TestCase.settings, max_examples=8, stateful_step_count=25)
