"""What deploying writes, on a board that is a littlefs: whole or not at all, and back again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from flash_board import FlashBoard, PowerCutError

from uscomo_tools.board import deploy, deployment
from uscomo_tools.board.deployment import Data, ForeignMainError, Main, Starters, Write
from uscomo_tools.board.layout import BootText, Found, Manifest
from uscomo_tools.errors import RefusedError, UscomoError

OURS = b"import uscomo_boot\n"
STARTERS = Starters(b"import uscomo_boot  # boot", OURS, frozenset({"__init__", "agent"}))
OLD = {
    "uscomo_boot.mpy": b"boot 1" * 20,
    "uscomo/__init__.mpy": b"init 1" * 50,
    "uscomo/agent.mpy": b"agent in all releases" * 70,
    "uscomo/gone.mpy": b"not in the next one",
}
NEW = {
    "uscomo_boot.mpy": b"boot 2" * 21,
    "uscomo/__init__.mpy": b"init 2" * 50,
    "uscomo/agent.mpy": OLD["uscomo/agent.mpy"],
    "uscomo/more.mpy": b"new" * 400,
}
FOREIGN_MAIN = b"import time\r\nwhile True:\r\n    time.sleep(1)"
FOREIGN_BOOT = b"# -*- mine -*-\r\nimport machine\n\n\tno end"


def install(
    board: FlashBoard, agent: dict[str, bytes], choice: Main | None = None, main: bytes = OURS
) -> deployment.Plan:
    found = deploy.look(board)
    plan = deployment.plan(found, agent, "1", main, choice)
    deploy.check_room(board, plan, found)
    deploy.switch(board, plan)
    deploy.finish(board, plan)
    return plan


def remove(board: FlashBoard, data: Data = Data.AS_BEFORE) -> None:
    steps = deployment.undo(deploy.look(board), STARTERS, data)
    deploy.apply(board, steps, lambda what, done, total: None)


def running(board: FlashBoard) -> dict[str, bytes] | None:
    """The agent that boot.py starts, None for none; it must be all that its manifest says."""
    found = deploy.look(board)
    if not found.generation:
        return None
    assert found.is_whole(found.generation)
    start = f"/uscomo.a/{found.generation}/"
    return {
        path[len(start) :]: data
        for path, data in board.files().items()
        if path.startswith(start) and data is not None and not path.endswith("manifest")
    }


def deployed(agent: dict[str, bytes], **files: bytes) -> FlashBoard:
    board = FlashBoard()
    board.put({"/" + name.replace("_py", ".py"): data for name, data in files.items()})
    install(board, agent, Main.REPLACE)
    return board


# -- what is there afterwards


def test_a_bare_board_gets_the_agent_and_gives_it_back() -> None:
    board = FlashBoard()
    install(board, OLD)
    assert running(board) == OLD
    assert board.read("/main.py") == OURS
    assert set(board.files()) >= {"/boot.py", "/main.py", "/uscomo.a/1/manifest"}
    remove(board)
    assert board.files() == {}


def test_doing_it_again_writes_nothing() -> None:
    board = deployed(OLD)
    board.flash.writes = 0
    plan = install(board, OLD)
    assert plan.steps == ()
    assert board.flash.writes == 0


def test_only_what_is_new_goes_over_the_cable() -> None:
    board = deployed(OLD)
    plan = install(board, NEW)
    sent = {step.path for step in plan.steps if isinstance(step, Write)}
    assert "/uscomo.a/2/uscomo/agent.mpy" not in sent
    assert plan.upload < sum(map(len, NEW.values()))
    assert running(board) == NEW
    assert not [path for path in board.files() if path.startswith("/uscomo.a/1")]
    install(board, OLD)
    assert running(board) == OLD


@pytest.mark.parametrize("path", ["uscomo/agent.mpy", "uscomo/gone.mpy", "manifest"])
@pytest.mark.parametrize("damage", [b"damaged", None])
def test_a_damaged_agent_is_replaced(path: str, damage: bytes | None) -> None:
    board = deployed(OLD)
    if damage is None:
        board.remove(f"/uscomo.a/1/{path}")
    else:
        board.put({f"/uscomo.a/1/{path}": damage})
    install(board, OLD)
    assert running(board) == OLD


def test_what_does_not_belong_to_the_agent_makes_another_one_too() -> None:
    board = deployed(OLD)
    board.put({"/uscomo.a/1/uscomo/agent.py": b"hides agent.mpy"})
    install(board, OLD)
    assert running(board) == OLD


def test_what_an_interrupted_one_has_left_is_used_and_cleaned() -> None:
    board = deployed(OLD)
    board.put(
        {
            "/uscomo.a/2/uscomo/more.mpy": NEW["uscomo/more.mpy"],
            "/uscomo.a/2/uscomo/agent.mpy": b"half",
            "/uscomo.a/2/old/stray.mpy": b"stray",
            "/uscomo.new": b"half a boot.py",
        }
    )
    plan = install(board, NEW)
    sent = {step.path for step in plan.steps if isinstance(step, Write)}
    assert "/uscomo.a/2/uscomo/more.mpy" not in sent
    assert running(board) == NEW
    assert "/uscomo.new" not in board.files()


def test_nothing_is_switched_when_the_board_has_not_kept_what_was_sent() -> None:
    board = deployed(OLD)
    plan = deployment.plan(deploy.look(board), NEW, "2", OURS, None)
    deploy.apply(board, plan.fill, lambda what, done, total: None)
    board.put({"/uscomo.a/2/uscomo/more.mpy": b"worn out"})
    nothing = deployment.Plan(2, (), plan.check, plan.switch)
    with pytest.raises(UscomoError, match=r"more\.mpy"):
        deploy.switch(board, nothing)
    assert running(board) == OLD


def test_a_full_flash_is_refused_before_anything_is_written() -> None:
    board = FlashBoard()
    board.put({f"/data{number}": bytes(10 * 4096) for number in range(11)})
    before = board.files()
    with pytest.raises(RefusedError, match="free"):
        install(board, NEW)
    assert board.files() == before


# -- what was there before


@pytest.mark.parametrize("boot", [None, b"", FOREIGN_BOOT, b"# \xff not a text\n"])
@pytest.mark.parametrize("main", [None, b"", FOREIGN_MAIN, OURS])
def test_a_board_is_given_back_as_it_was(boot: bytes | None, main: bytes | None) -> None:
    board = FlashBoard()
    board.put({"/lib/other.py": b"x", "/data.bin": bytes(range(256)), "/empty/file": b""})
    board.put({"/boot.py": boot} if boot is not None else {})
    board.put({"/main.py": main} if main is not None else {})
    before = board.files()
    install(board, OLD, Main.REPLACE)
    assert board.read("/boot.py").endswith(boot or b"ends.\n" if boot is None else boot)
    assert board.read("/main.py") == OURS
    install(board, NEW, Main.REPLACE)
    board.put({"/uscomo.d/r0/record": b"the agent's"})
    remove(board)
    assert board.files() == before


def test_a_foreign_main_is_not_touched_unasked() -> None:
    board = FlashBoard()
    board.put({"/main.py": FOREIGN_MAIN})
    before = board.files()
    with pytest.raises(ForeignMainError):
        install(board, OLD)
    assert board.files() == before
    install(board, OLD, Main.KEEP)
    assert board.read("/main.py") == FOREIGN_MAIN
    assert running(board) == OLD
    remove(board)
    assert board.files() == before


@pytest.mark.parametrize("main", [b"", b"# main.py -- put your code here!\r\n", b"\n  # x\n"])
def test_a_main_that_does_nothing_is_not_asked_for(main: bytes) -> None:
    board = FlashBoard()
    board.put({"/main.py": main})
    install(board, OLD)
    assert board.read("/main.py") == OURS
    remove(board)
    assert board.files() == {"/main.py": main}


def test_a_main_of_an_older_release_is_replaced_unasked() -> None:
    board = deployed(OLD)
    install(board, NEW, main=b"import uscomo_boot  # the next release's\n")
    assert board.read("/main.py").endswith(b"release's\n")


def test_what_the_owner_writes_later_stays() -> None:
    board = deployed(OLD, boot_py=FOREIGN_BOOT)
    board.put({"/boot.py": b"above\n" + board.read("/boot.py") + b"below"})
    board.put({"/main.py": b"mine now"})
    with pytest.raises(ForeignMainError):
        install(board, NEW)
    install(board, NEW, Main.KEEP)
    assert running(board) == NEW
    remove(board)
    assert board.files() == {
        "/boot.py": b"above\n" + FOREIGN_BOOT + b"below",
        "/main.py": b"mine now",
    }


def test_a_main_that_was_replaced_comes_back_although_ours_is_gone() -> None:
    board = deployed(OLD, main_py=FOREIGN_MAIN)
    board.remove("/main.py")
    install(board, NEW)
    assert board.read("/main.py") == OURS
    board.remove("/main.py")
    remove(board)
    assert board.files() == {"/main.py": FOREIGN_MAIN}


@pytest.mark.parametrize("undeploying", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_a_rename_of_two_steps_that_was_cut_loses_no_boot(undeploying: bool, again: bool) -> None:
    # As FAT leaves it, which removes the old file before it renames the new one.
    board = deployed(OLD, boot_py=FOREIGN_BOOT, main_py=FOREIGN_MAIN)
    text = board.read("/boot.py")
    board.remove("/boot.py")
    board.put({"/uscomo.new": text})
    if undeploying:
        board.put({"/uscomo.new": FOREIGN_BOOT, "/main.py": FOREIGN_MAIN})
    if again:
        install(board, NEW, Main.REPLACE)
        assert running(board) == NEW
        assert board.read("/boot.py").endswith(FOREIGN_BOOT)
    remove(board)
    assert board.files() == {"/boot.py": FOREIGN_BOOT, "/main.py": FOREIGN_MAIN}


def test_a_block_that_was_taken_out_by_hand_leaves_only_garbage() -> None:
    board = deployed(OLD)
    board.put({"/boot.py": b"mine\n", "/main.py": b"mine too\n"})
    remove(board)
    assert board.files() == {"/boot.py": b"mine\n", "/main.py": b"mine too\n"}


@pytest.mark.parametrize(
    ("data", "stays"), [(Data.AS_BEFORE, False), (Data.KEEP, True), (Data.REMOVE, False)]
)
def test_the_store_of_a_board_that_had_none(data: Data, stays: bool) -> None:
    board = deployed(OLD)
    board.put({"/uscomo.d/r0/record": b"r"})
    remove(board, data)
    assert ("/uscomo.d/r0/record" in board.files()) is stays


@pytest.mark.parametrize(
    ("data", "stays"), [(Data.AS_BEFORE, True), (Data.KEEP, True), (Data.REMOVE, False)]
)
def test_the_store_that_was_there_before(data: Data, stays: bool) -> None:
    board = FlashBoard()
    board.put({"/uscomo.d/r0/record": b"r"})
    install(board, OLD)
    install(board, NEW)
    remove(board, data)
    assert ("/uscomo.d/r0/record" in board.files()) is stays


def test_undeploying_a_board_without_the_agent_does_nothing() -> None:
    assert deployment.undo(Found(boot=b"x", main=OURS, store=True), STARTERS, Data.REMOVE) == ()


LIBRARY = {
    "/lib/uscomo/__init__.py": b"i",
    "/lib/uscomo/agent.mpy": b"a",
    "/lib/uscomo_boot.py": b"b",
}


@pytest.mark.parametrize("starters", [True, False])
def test_what_mip_has_installed_is_taken_away(starters: bool) -> None:
    board = FlashBoard()
    theirs = {"/lib/other.py": b"x"} | ({} if starters else {"/main.py": b"m", "/boot.py": b"b"})
    board.put(theirs)
    board.put(LIBRARY | {"/uscomo.d/r0/record": b"r"})
    if starters:
        board.put({"/main.py": OURS, "/boot.py": STARTERS.boot})
    remove(board, Data.KEEP)
    assert "/uscomo.d/r0/record" in board.files()
    board.put(LIBRARY)
    remove(board)
    assert board.files() == {"/lib": None, **theirs}


def test_what_somebody_has_put_beside_it_stays() -> None:
    board = FlashBoard()
    board.put(LIBRARY | {"/lib/uscomo/mine.py": b"mine"})
    remove(board)
    assert {path for path, data in board.files().items() if data} == {"/lib/uscomo/mine.py"}


def test_a_deployment_over_one_of_mip_is_undone_first() -> None:
    board = FlashBoard()
    board.put(LIBRARY | {"/main.py": OURS, "/boot.py": STARTERS.boot, "/uscomo.d/x": b"x"})
    before = board.files()
    install(board, NEW)
    assert running(board) == NEW
    remove(board)
    assert board.files() == before
    remove(board)
    assert board.files() == {"/lib": None}


# -- the power fails


def sweep(before: FlashBoard, verb: Callable[[FlashBoard], object], landed: float) -> list:
    """The boards that a power cut at each write of a verb leaves."""
    image = before.image
    board = FlashBoard(image)
    verb(board)
    assert board.flash.writes > 10
    left = []
    for at in range(1, board.flash.writes + 1):
        board = FlashBoard(image)
        board.cut(at, landed)
        with pytest.raises(PowerCutError):
            verb(board)
        left.append(FlashBoard(board.image))
    return left


FULL = pytest.mark.full


@pytest.mark.parametrize("landed", [0.5, pytest.param(0, marks=FULL), pytest.param(1, marks=FULL)])
def test_a_power_cut_leaves_the_old_agent_or_the_new_one(landed: float) -> None:
    before = deployed(OLD, boot_py=FOREIGN_BOOT)
    seen = set()
    for board in sweep(before, lambda board: install(board, NEW), landed):
        agent = running(board)
        assert agent in (OLD, NEW)
        seen.add(agent == NEW)
        assert board.read("/boot.py").endswith(FOREIGN_BOOT)
        assert board.read("/main.py") == OURS
        install(board, NEW)
        assert running(board) == NEW
        remove(board)
        assert board.files() == {"/boot.py": FOREIGN_BOOT}
    assert seen == {True, False}


@pytest.mark.parametrize("landed", [0, pytest.param(0.5, marks=FULL)])
def test_a_power_cut_in_the_first_deployment_loses_nothing_of_the_owner(landed: float) -> None:
    before = FlashBoard()
    before.put({"/main.py": FOREIGN_MAIN, "/boot.py": FOREIGN_BOOT})
    for board in sweep(before, lambda board: install(board, OLD, Main.REPLACE), landed):
        agent = running(board)
        assert agent in (None, OLD)
        main = board.read("/main.py")
        # The owner's program runs on until all is there for ours.
        assert main == FOREIGN_MAIN or (main == OURS and agent == OLD)
        again = FlashBoard(board.image)
        install(again, OLD, Main.REPLACE)
        assert (running(again), again.read("/main.py")) == (OLD, OURS)
        for each in (board, again):
            remove(each)
            assert each.files() == {"/boot.py": FOREIGN_BOOT, "/main.py": FOREIGN_MAIN}


@pytest.mark.parametrize("landed", [0, pytest.param(0.5, marks=FULL)])
def test_a_power_cut_while_it_is_taken_away_is_mended_by_doing_it_again(landed: float) -> None:
    before = FlashBoard()
    before.put({"/main.py": FOREIGN_MAIN, "/boot.py": FOREIGN_BOOT})
    was = before.files()
    install(before, OLD, Main.REPLACE)
    before.put({"/uscomo.d/r0/record": b"r", "/uscomo.d/t/1": b"t"})
    for board in sweep(before, remove, landed):
        assert board.read("/main.py") in (FOREIGN_MAIN, OURS)
        assert board.read("/boot.py").endswith(FOREIGN_BOOT)
        remove(board)
        assert board.files() == was


# -- the formats


def test_a_manifest_is_read_back_and_half_of_one_is_none() -> None:
    digest = hashlib.sha256(b"x").digest()
    manifest = Manifest({"uscomo/a.mpy": digest, "b c.mpy": digest}, "1.2", "00", True)
    data = manifest.encode()
    assert Manifest.decode(data) == manifest
    for size in range(len(data)):
        assert Manifest.decode(data[:size]) in (None, *_shorter(manifest, data[:size]))
    assert Manifest.decode(b"\xff") is None
    assert Manifest.decode(b"{}\n") is None


def _shorter(manifest: Manifest, data: bytes) -> list[Manifest]:
    # Cut between two lines it is a manifest of fewer files, which no generation fits.
    if not data.endswith(b"\n"):
        return []
    names = [line.split(b" ", 1)[1].decode() for line in data.splitlines()[1:]]
    files = {name: manifest.files[name] for name in names}
    return [Manifest(files, manifest.version, manifest.main, manifest.store)]


@pytest.mark.parametrize("foreign", [None, b"", b"x", b"# uscomo ends.\n", FOREIGN_BOOT])
def test_boot_py_is_taken_apart(foreign: bytes | None) -> None:
    for generation in (1, 2):
        text = BootText(generation, foreign).encode()
        assert BootText.parse(text) == BootText(generation, foreign)
        compile(text.partition(b"# uscomo ends")[0], "boot.py", "exec")
    assert BootText.parse(foreign) == BootText(0, foreign)


def test_boot_py_through_an_editor_that_ends_lines_otherwise() -> None:
    text = BootText(2, b"mine\n").encode().replace(b"\n", b"\r\n")
    assert BootText.parse(text) == BootText(2, b"mine\r\n")
