# Starts and trials in the record: stage 0 counts, lifecycle settles, confirms and rolls back.
import json
import os
import sys

import uscomo_boot
from support import raises, temporary_root
from uscomo import lifecycle, platform, store
from uscomo.nodes import Nodes
from uscomo.store import Store

ACTIVE, INACTIVE = uscomo_boot.ACTIVE, uscomo_boot.INACTIVE
said = []


def fresh():
    root = temporary_root()
    del said[:]
    del uscomo_boot.spent[:]
    uscomo_boot.lone = False
    return root


def installed(stored, id, version="1", **more):
    """A version on trial, its result waiting: the operation's number."""
    slot = stored.new_slot()
    about = {"id": id, "release": int(version), "version": version, "entry": "x"}
    about.update(more)
    with open(store.slot_path(slot) + "/component", "wb") as file:
        file.write(json.dumps(about).encode() + b"\n")
    number = stored.accept({"uri": "./x"})
    component = stored.install(slot, 1, True)
    stored.finish(number, store.OK, [component])
    stored.commit()
    return number


def code(stored, number):
    return next(result[1] for result in stored.results if result[0] == number)


def started():
    """A start as main.py begins it: the store after it."""
    uscomo_boot.attempt()
    stored = Store()
    lifecycle.settle(stored, said.append)
    return stored


def version(stored, id):
    return store.manifest(stored.find(id)[store.SLOT])["version"]


def test_the_record_has_its_size():
    assert uscomo_boot.SIZE == 1180
    assert uscomo_boot.MAX_RESULTS == 16


def test_an_attempt_is_one_write():
    fresh()
    stored = Store()
    for id in ("a", "b"):
        installed(stored, id)
    before = stored.sequence
    uscomo_boot.attempt()
    stored = Store()
    assert stored.sequence == before + 1
    assert [row[store.TRIES] for row in stored.rows] == [2, 2]
    assert stored.abnormal == 1
    assert uscomo_boot.spent == []


def test_a_start_that_is_interrupted_is_no_abnormal_one():
    fresh()
    installed(Store(), "a")
    uscomo_boot.attempt()
    uscomo_boot.interrupted()
    stored = Store()
    assert stored.abnormal == 0
    assert stored.find("a")[store.TRIES] == 2
    before = stored.sequence
    uscomo_boot.interrupted()
    assert Store().sequence == before


def test_starts_without_main_change_nothing():
    root = fresh()
    stored = Store()
    installed(stored, "a")
    uscomo_boot.attempt()

    def content():
        found = []
        for copy in uscomo_boot.COPIES:
            with open(root + copy + "/record", "rb") as file:
                found.append(file.read(uscomo_boot.SIZE))
        return found

    before = content()
    path = list(sys.path)
    try:
        for _ in range(10):
            assert uscomo_boot.start()
    finally:
        sys.path[:] = path
    assert content() == before


def test_a_trial_that_is_used_up_is_rolled_back():
    for crash, expected in ((True, 1472), (False, 1473)):
        fresh()
        stored = Store()
        first = installed(stored, "a")
        lifecycle.confirm(stored, stored.find("a"), said.append)
        assert code(stored, first) == 1200
        second = installed(stored, "a", "2")
        number = stored.find("a")[store.COMPONENT]
        for _ in range(3):
            stored = started()
            assert version(stored, "a") == "2"
            assert code(stored, second) == 1250
            if crash:
                assert lifecycle.crashed(
                    stored, Nodes(stored), number, "ValueError: x", said.append
                )
        assert uscomo_boot.chosen(stored.find("a")) == stored.find("a")[store.FALL_BACK]
        stored = started()
        assert version(stored, "a") == "1"
        assert code(stored, second) == expected and code(stored, first) == 1200
        row = stored.find("a")
        assert row[store.STATE] == ACTIVE and not row[store.FLAGS] and not row[store.FALL_BACK]
        assert stored.abnormal == 0 and not stored.flags
        assert Store().rows == stored.rows
        assert "component a rolled back" in said


def test_a_rollback_is_told_when_it_is_durable():
    fresh()
    stored = Store()
    first = installed(stored, "a")
    for _ in range(3):
        stored = started()
    found = []
    uscomo_boot.attempt()
    # Whoever hears it may take the power away.
    lifecycle.settle(Store(), lambda text: found.append((text, code(Store(), first))))
    assert found == [("component a rolled back", 1473)]


def test_a_downgrade_that_fails_leaves_the_floor_where_it_was():
    fresh()
    stored = Store()
    installed(stored, "a", "5")
    lifecycle.confirm(stored, stored.find("a"), said.append)
    installed(stored, "a", "3")
    stored.find("a")[store.FLOOR] = 3
    stored.commit()
    for _ in range(4):
        stored = started()
    assert version(stored, "a") == "5" and stored.find("a")[store.FLOOR] == 5


def test_a_crash_counts_though_another_app_sleeps_well():
    fresh()
    stored = Store()
    number = installed(stored, "a")
    for _ in range(4):
        stored = started()
        if 1 not in uscomo_boot.spent:
            lifecycle.crashed(stored, Nodes(stored), 1, "ValueError", said.append)
            stored.plan_restart()
            stored.commit()
    assert code(stored, number) == 1472 and stored.find("a")[store.STATE] == INACTIVE


def test_the_last_attempt_says_why():
    """It raised at first, in the end it hung: a crash is of the start that it happened in."""
    fresh()
    stored = Store()
    number = installed(stored, "a")
    for crash in (True, True, False):
        stored = started()
        if crash:
            lifecycle.crashed(stored, Nodes(stored), 1, "x", said.append)
    stored = started()
    assert code(stored, number) == 1473


def test_without_a_predecessor_it_is_inactive_and_proves_itself_again():
    fresh()
    stored = Store()
    installed(stored, "a")
    for _ in range(4):
        stored = started()
    row = stored.find("a")
    assert row[store.STATE] == INACTIVE
    row[store.STATE] = ACTIVE
    stored.commit()
    stored = started()
    assert lifecycle.on_trial(stored, 1) and stored.find("a")[store.TRIES] == 2


def test_a_new_agent_is_confirmed_by_nobody_but_a_session():
    fresh()
    stored = Store()
    number = installed(stored, "agent", "1", agent=True)
    installed(stored, "a")
    row = stored.find("agent")
    assert row[store.FLAGS] == uscomo_boot.TRIAL | uscomo_boot.AGENT
    assert lifecycle.end_trials(stored, {1: 0, 2: 0}, 0, said.append) == ["agent"]
    assert lifecycle.new_agent(stored) == row
    # Sleep and other people's restarts give it no attempts back.
    for _ in range(4):
        stored = started()
        stored.plan_restart()
        stored.commit()
    assert code(stored, number) == 1474
    row = stored.find("agent")
    assert row[store.STATE] == INACTIVE and row[store.FLAGS] & uscomo_boot.AGENT
    assert lifecycle.new_agent(stored) is None


def test_a_trial_ends_with_time():
    fresh()
    stored = Store()
    number = installed(stored, "a")
    since = platform.ticks()
    assert lifecycle.end_trials(stored, {1: since}, 60000, said.append) == ["a"]
    assert lifecycle.end_trials(stored, {1: None}, 0, said.append) == ["a"]
    assert lifecycle.end_trials(stored, {}, 0, said.append) == ["a"]
    assert lifecycle.end_trials(stored, {1: since}, 0, said.append) == []
    assert code(stored, number) == 1200
    assert stored.find("a")[store.FLOOR] == 1


def test_what_was_replaced_is_retained():
    fresh()
    stored = Store()
    installed(stored, "a")
    row = stored.find("a")
    raises(ValueError, lifecycle.roll_back, stored, row, said.append)
    lifecycle.confirm(stored, row, said.append)
    raises(ValueError, lifecycle.roll_back, stored, row, said.append)
    installed(stored, "a", "2")
    lifecycle.confirm(stored, row, said.append)
    sequence = stored.sequence
    for expected in ("1", "2", "1"):
        lifecycle.roll_back(stored, row, said.append)
        assert version(stored, "a") == expected
        assert not row[store.FLAGS] and row[store.FLOOR] == 2
    # The caller commits, together with what it was done for.
    assert stored.sequence == sequence
    stored.commit()
    stored.collect()
    assert len(os.listdir(uscomo_boot.ROOT + "/c")) == 2


def test_back_from_a_trial():
    """What has not proved itself is not retained."""
    fresh()
    stored = Store()
    installed(stored, "a")
    row = stored.find("a")
    lifecycle.confirm(stored, row, said.append)
    number = installed(stored, "a", "2")
    lifecycle.roll_back(stored, row, said.append)
    assert version(stored, "a") == "1" and code(stored, number) == 1251
    raises(ValueError, lifecycle.roll_back, stored, row, said.append)


def test_three_abnormal_starts_are_safe_mode():
    fresh()
    stored = Store()
    installed(stored, "a")
    installed(stored, "agent", "1", agent=True)
    for id in ("a", "agent"):
        lifecycle.confirm(stored, stored.find(id), said.append)
    for i in range(3):
        stored = started()
        assert stored.abnormal == i + 1 and not stored.flags
    path = list(sys.path)
    slots = ["%s/c/%d" % (uscomo_boot.ROOT, row[store.SLOT]) for row in stored.rows]
    try:
        uscomo_boot.start()
        assert slots[1] in sys.path and slots[0] not in sys.path
    finally:
        sys.path[:] = path
    del said[:]
    stored = started()
    assert stored.flags == uscomo_boot.SAFE
    assert len(said) == 1 and said[0].startswith("SAFE MODE")
    # A clean run in it does not end it; a change of what runs does.
    stored.abnormal = 0
    stored.commit()
    stored = started()
    assert stored.flags == uscomo_boot.SAFE and len(said) == 2
    stored.plan_restart()
    stored.commit()
    stored = started()
    assert not stored.flags and stored.abnormal == 1 and len(said) == 2


def test_safe_mode_ends_trials():
    fresh()
    stored = Store()
    first = installed(stored, "a")
    stored.abnormal = 3
    stored.commit()
    stored = started()
    assert stored.flags == uscomo_boot.SAFE
    assert code(stored, first) == 1475
    assert stored.find("a")[store.STATE] == INACTIVE


def test_a_roll_back_explains_the_abnormal_starts():
    fresh()
    stored = Store()
    installed(stored, "a")
    stored.find("a")[store.TRIES] = 0
    stored.abnormal = 5
    stored.commit()
    assert not uscomo_boot.alone(uscomo_boot.load())
    stored = started()
    assert not stored.flags and stored.abnormal == 0


def test_the_deployed_agent_is_the_last_hope():
    fresh()
    stored = Store()
    installed(stored, "agent", "1", agent=True)
    row = stored.find("agent")
    lifecycle.confirm(stored, row, said.append)
    path = list(sys.path)
    slot = "%s/c/%d" % (uscomo_boot.ROOT, row[store.SLOT])
    try:
        for abnormal, there in ((3, True), (5, True), (6, False), (255, False)):
            stored.abnormal = abnormal
            stored.commit()
            uscomo_boot.start()
            assert (slot in sys.path) == there
        uscomo_boot.attempt()
        assert Store().abnormal == 255
    finally:
        sys.path[:] = path


def test_broken_records_are_no_crash():
    root = fresh()
    Store()
    for content in (b"", b"\xff" * uscomo_boot.SIZE, b"usc1" + b"\xff" * (uscomo_boot.SIZE - 4)):
        for copy in uscomo_boot.COPIES:
            with open(root + copy + "/record", "wb") as file:
                file.write(content)
        assert not uscomo_boot.start()
        uscomo_boot.attempt()


def test_a_crash_is_kept_short_and_written_once():
    fresh()
    stored = Store()
    installed(stored, "a")
    lifecycle.confirm(stored, stored.find("a"), said.append)
    nodes = Nodes(stored)
    text = "ValueError: " + "x" * 200
    assert not lifecycle.crashed(stored, nodes, 1, text, said.append)
    assert nodes.get("~error/a") == text[:120].encode()

    def written():
        folder = uscomo_boot.ROOT + "/t/"
        return sorted((name, os.stat(folder + name)[6]) for name in os.listdir(folder))

    before = written()
    lifecycle.crashed(stored, Nodes(stored), 1, text, said.append)
    assert written() == before
    assert not lifecycle.crashed(stored, nodes, 9, text, said.append)


def test_a_crash_that_cannot_be_kept_starts_nothing_over():
    fresh()
    stored = Store()
    installed(stored, "a")
    lifecycle.confirm(stored, stored.find("a"), said.append)
    nodes = Nodes(stored)

    def full():
        raise OSError(28)

    nodes.commit = full
    assert not lifecycle.crashed(stored, nodes, 1, "ValueError", said.append)
    assert nodes.get("~error/a") is None


def test_an_apps_files_go_with_it():
    root = fresh()
    stored = Store()
    installed(stored, "a")
    for name in ("", "/a", "/b"):
        os.mkdir(root + "/a" + name)
    with open(root + "/a/b/file", "wb") as file:
        file.write(b"x")
    stored.collect()
    assert os.listdir(root + "/a") == ["a"]


def test_a_full_flash_keeps_nobody_from_starting():
    fresh()
    installed(Store(), "a")
    real = uscomo_boot.write

    def full(data):
        raise OSError(28)

    uscomo_boot.write = full
    try:
        uscomo_boot.attempt()
    finally:
        uscomo_boot.write = real
    assert Store().abnormal == 0
