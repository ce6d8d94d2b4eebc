import os

import uscomo_boot
from support import raises, temporary_root
from uscomo.nodes import MAX_KEY, MAX_NODES, MAX_VALUE, Nodes
from uscomo.store import Store


def opened():
    return Nodes(Store())


def test_values_survive_a_restart():
    temporary_root()
    nodes = opened()
    nodes.set("DMAcc/a/ServerID", b"server")
    nodes.set("DMAcc/a/Name", b"")
    assert nodes.get("DMAcc/a/ServerID") == b"server"
    nodes.commit()
    nodes = opened()
    assert nodes.get("DMAcc/a/ServerID") == b"server"
    assert nodes.get("DMAcc/a/Name") == b""
    assert nodes.get("DMAcc/a") is None


def test_the_log_overrides_the_snapshot():
    temporary_root()
    nodes = opened()
    nodes.set("A/x", b"1")
    nodes.set("A/y", b"1")
    nodes.commit()
    nodes.set("A/x", b"2")
    nodes.commit()
    nodes.remove("A/y")
    nodes.commit()
    nodes.set("A/z", b"3" * 300)
    nodes.commit()
    nodes = opened()
    assert nodes.get("A/x") == b"2"
    assert nodes.get("A/y") is None
    assert nodes.get("A/z") == b"3" * 300
    assert nodes.keys("A") == ["A/x", "A/z"]


def test_children_each_once():
    temporary_root()
    nodes = opened()
    for key in ("S/b/1", "S/a/1", "S/a/2", "S/a", "Sx/c"):
        nodes.set(key, b"")
    nodes.commit()
    assert opened().children("S") == ["a", "b"]


def test_remove_tree_leaves_names_that_only_begin_alike():
    temporary_root()
    nodes = opened()
    for key in ("S/a", "S/a/1", "S/ab"):
        nodes.set(key, b"v")
    nodes.commit()
    nodes.remove_tree("S/a")
    nodes.commit()
    assert opened().keys("S") == ["S/ab"]


def test_discard():
    temporary_root()
    nodes = opened()
    nodes.set("a", b"1")
    nodes.discard()
    nodes.commit()
    assert nodes.get("a") is None


def test_limits_are_crossed():
    temporary_root()
    nodes = opened()
    nodes.set("k" * MAX_KEY, b"v" * MAX_VALUE)
    raises(ValueError, nodes.set, "k" * (MAX_KEY + 1), b"")
    raises(ValueError, nodes.set, "k", b"v" * (MAX_VALUE + 1))
    nodes.commit()
    assert opened().get("k" * MAX_KEY) == b"v" * MAX_VALUE


def test_many_commits_are_folded_into_a_new_snapshot():
    root = temporary_root()
    nodes = opened()
    for i in range(120):
        nodes.set("N/%d" % (i % 7), b"%d" % i * 20)
        nodes.commit()
    nodes = opened()
    assert nodes.get("N/0") == b"119" * 20
    assert nodes.get("N/6") == b"118" * 20
    assert len(os.listdir(root + "/t")) <= 2
    assert nodes.store.nodes > 1


def test_a_torn_group_does_not_count_and_is_healed():
    root = temporary_root()
    nodes = opened()
    nodes.set("a", b"0")
    nodes.commit()
    nodes.set("a", b"1")
    nodes.commit()
    log = root + "/t/%dd" % nodes.store.nodes
    with open(log, "rb") as file:
        whole = file.read()
    second = b"\x01\x01\x00a2\x00abcd"
    for end in range(1, len(second) + 1):
        with open(log, "wb") as file:
            file.write(whole + second[:end])
        nodes = opened()
        assert nodes.get("a") == b"1"
        nodes.set("b", b"3")
        nodes.commit()
        nodes = opened()
        assert nodes.get("b") == b"3"
        assert nodes.get("a") == b"1"
        # Back to a log of one group for the next round.
        nodes.remove("b")
        nodes.commit()
        nodes.set("a", b"1")
        nodes.commit()
        log = root + "/t/%dd" % nodes.store.nodes
        with open(log, "rb") as file:
            whole = file.read()


def test_both_records_broken_is_an_error_and_nothing_is_written():
    from uscomo.store import Record

    root = temporary_root()
    Store()
    for copy in uscomo_boot.COPIES:
        with open(root + copy + "/record", "wb") as file:
            file.write(b"x" * uscomo_boot.SIZE)
    raises(Record, Store)
    assert uscomo_boot.load() is None


def test_a_failed_append_loses_nothing_that_comes_after():
    from uscomo import nodes as module

    temporary_root()
    nodes = opened()
    nodes.set("a", b"1")
    nodes.commit()
    write = module._write

    def fail(file, key, value, check):
        file.write(b"\x01\x01\x00")
        raise OSError(28)

    module._write = fail
    try:
        nodes.set("a", b"2")
        raises(OSError, nodes.commit)
    finally:
        module._write = write
    nodes.discard()
    nodes.set("b", b"3")
    nodes.commit()
    nodes = opened()
    assert nodes.get("a") == b"1" and nodes.get("b") == b"3"


def test_a_full_store_is_folded_in_little_memory():
    temporary_root()
    nodes = opened()
    for start in range(0, 500, 50):
        for i in range(start, start + 50):
            nodes.set("N/%03d" % i, b"%d" % i)
        nodes.commit()
    nodes.set("N/250", b"changed")
    nodes.remove("N/251")
    nodes._torn = True
    nodes.commit()
    nodes = opened()
    assert nodes.get("N/000") == b"0" and nodes.get("N/499") == b"499"
    assert nodes.get("N/250") == b"changed" and nodes.get("N/251") is None
    assert len(nodes.keys("N")) == 499


def test_no_more_nodes_than_there_may_be():
    temporary_root()
    nodes = opened()
    for start in range(0, MAX_NODES, 64):
        for i in range(start, start + 64):
            assert nodes.room(), i
            nodes.set("N/%03d" % i, b"v")
        nodes.commit()
    assert not nodes.room()
    nodes = opened()
    assert not nodes.room()
    # A value that is written again is no node more, and one that goes makes room.
    for i in range(100):
        nodes.set("N/%03d" % i, b"w")
    assert not nodes.room()
    nodes.remove("N/000")
    assert nodes.room()
    nodes.set("N/000", b"back")
    nodes.commit()
    # The device's own has a reserve, and an end, too: also by appends of one, restarted each time.
    for i in range(64):
        nodes = opened()
        nodes.set("~own/%d" % i, b"v")
        nodes.commit()
    before = nodes.store.nodes
    nodes = opened()
    nodes.set("~own/64", b"v")
    error = raises(OSError, nodes.commit)
    assert error.args[0] == 28
    nodes.discard()
    nodes.remove("~own/0")
    nodes.set("~own/64", b"v")
    nodes.commit()
    nodes = opened()
    assert len(nodes.keys("")) == MAX_NODES + 64
    assert nodes.get("N/000") == b"back" and nodes.get("~own/64") == b"v"
    assert nodes.store.nodes >= before


def test_children_of_what_has_changed():
    temporary_root()
    nodes = opened()
    for key in ("A/x/1", "A/y/1", "A/z", "B/x"):
        nodes.set(key, b"1")
    nodes.commit()
    nodes._torn = True  # into the snapshot
    nodes.set("A/w", b"1")
    nodes.commit()
    nodes.remove("A/x/1")
    nodes.set("A/v/2/3", b"1")
    nodes.commit()
    nodes.remove("A/z")
    nodes.set("A/\xe4", b"1")
    assert nodes.children("A") == ["v", "w", "y", "\xe4"]
    assert nodes.children("A/v") == ["2"]
    assert nodes.children("C") == []


def test_lookups_in_any_order_find_what_there_is():
    temporary_root()
    nodes = opened()
    names = ("A", "A/b", "A/b/c", "A/b-x", "A-", "A/\xe4", "B", "B/b/c/d", "~x", "?A/b")
    model = {}
    state = 4711
    for turn in range(400):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        key = names[(state >> 8) % len(names)]
        verb = (state >> 16) % 8
        if verb == 0:
            model[key] = b"%d" % turn
            nodes.set(key, model[key])
        elif verb == 1:
            model.pop(key, None)
            nodes.remove(key)
        elif verb == 2:
            nodes._torn = state & 0x100000  # at times into a new snapshot
            nodes.commit()
        elif verb == 3:
            below = [name[len(key) + 1 :] for name in model if name.startswith(key + "/")]
            found = sorted({name.split("/")[0] for name in below}, key=lambda name: name.encode())
            assert nodes.children(key) == found, (turn, key)
        else:
            assert nodes.get(key) == model.get(key), (turn, key)


class Counting(Nodes):
    read = 0

    def _items(self, path, whole=False, at=0):
        for item in Nodes._items(self, path, whole, at):
            self.read += 1
            yield item


def test_a_listing_reads_the_snapshot_about_once():
    temporary_root()
    nodes = opened()
    for i in range(200):
        nodes.set("N/%03d/value" % i, b"v")
    nodes._torn = True
    nodes.commit()
    nodes = Counting(nodes.store)
    for name in nodes.children("N"):
        assert nodes.children("N/" + name) == ["value"]
        assert nodes.get("N/%s/value" % name) == b"v"
    assert 400 < nodes.read < 2000
