import json
import os

import uscomo_boot
from support import raises, temporary_root
from uscomo import store
from uscomo.store import Store


def filled(stored, id, release=1):
    slot = stored.new_slot()
    with open(store.slot_path(slot) + "/component", "wb") as file:
        file.write(json.dumps({"id": id, "release": release, "version": "1"}).encode() + b"\n")
    return slot


def test_a_fresh_store_has_a_valid_record():
    temporary_root()
    stored = Store()
    assert stored.rows == [] and stored.results == []
    assert uscomo_boot.start()


def test_rows_and_results_survive():
    temporary_root()
    stored = Store()
    slot = filled(stored, "com.example.a")
    component = stored.install(slot, 0xDEADBEEF, True)
    stored.finish(stored.accept({"uri": "./x"}), 1200, [component])
    stored.commit()
    stored = Store()
    row = stored.find("com.example.a")
    assert row[store.SLOT] == slot and row[store.SIGNER] == 0xDEADBEEF
    assert row[store.STATE] == uscomo_boot.ACTIVE and row[store.FLAGS] & uscomo_boot.TRIAL
    assert stored.results[0][:2] == [1, 1200]
    assert stored.find("com.example.b") is None


def test_the_older_copy_is_written_and_the_newer_counts():
    root = temporary_root()
    stored = Store()
    for _ in range(5):
        stored.commit()
    newest = uscomo_boot.load()
    assert uscomo_boot.sequence(newest) == 5
    with open(root + uscomo_boot.COPIES[1] + "/record", "r+b") as file:
        file.write(b"torn")
    assert uscomo_boot.sequence(uscomo_boot.load()) == 4


def test_a_used_up_trial_chooses_the_fall_back():
    temporary_root()
    stored = Store()
    first = filled(stored, "a")
    stored.install(first, 1, True)
    row = stored.find("a")
    stored.confirm(row)
    second = filled(stored, "a", 2)
    stored.install(second, 1, True)
    stored.commit()
    assert [uscomo_boot.chosen(row) for row in uscomo_boot.rows(uscomo_boot.load())] == [second]
    row[store.TRIES] = 0
    stored.commit()
    assert [uscomo_boot.chosen(row) for row in uscomo_boot.rows(uscomo_boot.load())] == [first]
    stored.confirm(row)
    assert row[store.FLOOR] == 2


def test_a_trial_is_no_fall_back_and_a_planned_restart_costs_no_attempt():
    temporary_root()
    stored = Store()
    first = filled(stored, "a")
    stored.install(first, 1, True)
    row = stored.find("a")
    stored.confirm(row)
    stored.install(filled(stored, "a", 2), 1, True)
    third = filled(stored, "a", 3)
    stored.install(third, 1, True)
    assert row[store.SLOT] == third and row[store.FALL_BACK] == first
    row[store.TRIES] -= 1
    for _ in range(3):
        stored.plan_restart()
    assert row[store.TRIES] == store.ATTEMPTS


def test_collect_removes_what_nothing_names():
    root = temporary_root()
    stored = Store()
    kept = filled(stored, "a")
    stored.install(kept, 1, True)
    filled(stored, "b")
    number = stored.accept({"uri": "./x"})
    for name in ("d/%d" % number, "d/99", "k/new", "k/0123456789abcdef"):
        with open(root + "/" + name, "wb") as file:
            file.write(b"content")
    stored.commit()
    stored = Store()
    stored.collect()
    assert os.listdir(root + "/c") == [str(kept)]
    assert os.listdir(root + "/d") == [str(number)]
    assert os.listdir(root + "/o") == [str(number)]
    assert os.listdir(root + "/k") == ["0123456789abcdef"]


def test_an_operation_is_accepted_run_and_reported():
    temporary_root()
    stored = Store()
    number = stored.accept({"uri": "./SCOMO", "correlator": "c"})
    stored = Store()
    assert stored.pending() == [number]
    assert stored.operation(number)["correlator"] == "c"
    assert stored.begin(number)
    stored.finish(number, 1200, ())
    stored.commit()
    stored = Store()
    assert stored.pending() == []
    stored.reported(number)
    assert Store().results == []


def test_an_operation_interrupted_again_and_again_is_given_up():
    temporary_root()
    number = Store().accept({"uri": "./SCOMO"})
    for _ in range(3):
        assert Store().begin(number)
    # Whoever gives it up finishes it, unless that is cut off again and again too.
    for _ in range(3):
        stored = Store()
        assert not stored.begin(number)
        assert stored.pending() == [number]
    assert not stored.begin(number)
    stored = Store()
    assert stored.pending() == []
    assert stored.results[0][:3] == [number, store.INTERRUPTED, 0]


def test_a_torn_operation_file_is_no_operation():
    temporary_root()
    stored = Store()
    number = stored.accept({"uri": "./SCOMO"})
    with open(store.operation_path(number), "rb") as file:
        whole = file.read()
    with open(store.operation_path(number), "wb") as file:
        file.write(whole[:-1])
    assert stored.operation(number) is None


def test_the_path_has_active_slots_first():
    import sys

    root = temporary_root()
    stored = Store()
    slot = filled(stored, "a")
    agent = filled(stored, "agent")
    stored.install(slot, 1, True)
    stored.install(agent, 1, True)
    stored.find("agent")[store.FLAGS] |= uscomo_boot.AGENT
    stored.commit()
    before = list(sys.path)
    try:
        assert uscomo_boot.start()
        assert list(sys.path)[:2] == ["%s/c/%d" % (root, agent), "%s/c/%d" % (root, slot)]
        assert list(sys.path)[2:] == before
    finally:
        sys.path[:] = before


def test_more_results_than_fit_never_break_the_record():
    temporary_root()
    stored = Store()
    for _ in range(uscomo_boot.MAX_RESULTS + 3):
        number = stored.accept({"uri": "./x"})
        assert stored.begin(number)
        stored.finish(number, 1200, ())
        stored.commit()
        assert uscomo_boot.sequence(uscomo_boot.load()) == stored.sequence
    assert stored.room() == 0
    assert len(Store().results) == uscomo_boot.MAX_RESULTS


def test_a_failed_commit_spares_the_good_copy():
    temporary_root()
    stored = Store()
    stored.commit()
    good = stored.sequence
    stored.rows = [[1] + [0] * 7] * (uscomo_boot.MAX_ROWS + 1)
    for _ in range(2):
        raises(OSError, stored.commit)
    assert stored.sequence == good
    assert uscomo_boot.sequence(uscomo_boot.load()) == good


def test_a_cut_while_the_record_is_made_is_healed():
    for left in ({}, {0: b""}, {0: None}, {0: None, 1: b""}):
        root = temporary_root()
        Store()
        for copy in range(2):
            path = root + uscomo_boot.COPIES[copy] + "/record"
            if left.get(copy, b"") is None:
                continue
            if copy in left:
                with open(path, "wb") as file:
                    file.write(left[copy])
            else:
                os.remove(path)
        stored = Store()
        stored.commit()
        stored.commit()
        assert Store().sequence == 2


def test_numbers_wrap_without_touching_what_is_used():
    temporary_root()
    stored = Store()
    stored.install(filled(stored, "a"), 1, True)
    stored.next_slot = 0xFFFF
    assert stored.new_slot() == 0xFFFF
    assert stored.new_slot() == 2
    assert stored.find("a")[store.SLOT] == 1


def test_a_component_number_that_a_result_names_is_not_given_again():
    temporary_root()
    stored = Store()
    number = stored.install(filled(stored, "a"), 1, True)
    stored.finish(1, 1200, [number])
    stored.rows = []
    assert stored.install(filled(stored, "b"), 1, True) != number


def test_an_operation_that_does_not_fit_is_not_left_behind():
    temporary_root()
    stored = Store()
    real = store.crc32

    def full(line):
        raise OSError(28)

    store.crc32 = full
    try:
        raises(OSError, stored.accept, {"uri": "./x"})
    finally:
        store.crc32 = real
    assert stored.pending() == []
