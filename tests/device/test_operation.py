# One accepted operation, run: what it leaves in the record, in the tree and on the flash.
import os

from operation_case import (
    RIGHTS,
    SIGNER,
    TYPE,
    Device,
    component,
    content,
    deployed,
    rows,
    served,
)
from stream_script import Link, Stream

import uscomo_boot
from support import raises
from uscomo import agent, consent, lifecycle, operation, store

DELIVERED = "Inventory/Delivered/p"
# Of a key that is in use; nothing is verified here.
KEY = b"\xff" * 256


def test_an_installation_ends_with_its_trial():
    with Device() as device:
        assert device.install("a", InstallParams="x=1") == store.ON_TRIAL
        assert device.reset and device.state("a") == 20
        assert rows(device) == [(1, 1250, 1)]
        assert device.nodes.get("~params/1") == b"x=1"
        assert device.nodes.get("?SCOMO/Inventory/Deployed/a") == RIGHTS
        steps = [text for text in device.said if text[:6] == "status"]
        assert steps == ["status Download/p %d" % step for step in (30, 40, 50, 10)]
        assert device.status() is None and device.spooled() == []
        device.store.conclude(1, 1472)
        device.store.commit()
        assert rows(device) == [(1, 1472, 1)]


def test_what_has_no_trial_is_told_at_once():
    with Device() as device:
        body = content("p", component("a"), component("b", entry=None))
        assert device.install("p", body) == store.ON_TRIAL
        assert rows(device) == [(1, 1250, 1), (1, 1200, 2)]
        device.prepare("c")
        assert (
            device.operate("DownloadInstallInactive", "Download/p", served(content("c"))) == 1200
        )
        assert device.state("c") == 10 and not device.reset
        assert rows(device)[-1] == (2, 1200, 3)


def test_results_that_do_not_fit_are_one():
    with Device() as device:
        for number in range(1, uscomo_boot.MAX_RESULTS):
            device.store.finish(number, 1401, ())
        body = content("p", component("a"), component("b"))
        assert device.install("p", body) == 1200
        assert rows(device)[-1] == (16, 1200, 0)
        device.start()
        assert len(device.store.results) == uscomo_boot.MAX_RESULTS


def test_download_then_install_then_remove():
    with Device() as device:
        device.prepare("a", Name="A", PkgType=TYPE)
        assert device.operate("Download", "Download/p", served(content("a"))) == 1200
        assert device.asked == ["Download A?"] and not device.reset
        assert device.status() == "40" and device.state("a") is None
        assert device.node(DELIVERED + "/PkgID") == "a" and device.node(DELIVERED + "/Name") == "A"
        assert device.node(DELIVERED + "/PkgURL") is None
        assert device.nodes.get("?SCOMO/" + DELIVERED) == RIGHTS
        assert agent.kept(device.nodes) == [1]

        device.store.reported(1)
        device.store.collect(agent.kept(device.nodes))
        assert device.spooled() == ["1"]
        assert device.store.new_number() == 2
        # Once and again: the package stays.
        for number in (3, 4):
            assert device.operate("Install", DELIVERED) == store.ON_TRIAL, number
            assert device.state("a") == 20 and device.node(DELIVERED + "/State") == "20"
        assert device.status(DELIVERED) is None

        assert device.operate("Remove", DELIVERED) == 1200
        assert device.nodes.keys("SCOMO/Inventory/") == [] and device.spooled() == []
        assert device.nodes.get("?SCOMO/" + DELIVERED) is None
        assert device.state("a") == 20
        # Cut off between its two commits it is done again, and that is no failure.
        assert device.operate("Remove", DELIVERED) == 1200


def test_a_second_download_takes_the_place_of_the_first():
    with Device() as device:
        device.prepare("a")
        for _ in range(2):
            assert device.operate("Download", "Download/p", served(content("a"))) == 1200
        assert device.spooled() == ["2"] and agent.kept(device.nodes) == [2]


def test_a_delivered_package_that_is_refused_is_kept():
    with Device() as device:
        device.prepare("a")
        device.operate("Download", "Download/p", served(content("a")))
        with open(device.root + "/d/1", "wb") as file:
            file.write(content("a", broken=1413))
        assert device.operate("Install", DELIVERED) == 1413
        assert device.status(DELIVERED) == "50" and device.spooled() == ["1"]
        device.answers = [consent.NO]
        assert device.operate("InstallInactive", DELIVERED) == 1401


def test_a_package_is_checked_before_it_is_delivered():
    with Device() as device:
        for code in (1407, 1413):
            device.prepare("a")
            body = served(content("a", broken=code))
            assert device.operate("Download", "Download/p", body) == code
            assert device.status() == "20" and device.spooled() == []
            assert device.nodes.keys("SCOMO/Inventory/") == []


def test_what_a_client_makes_belongs_to_who_asked_for_it_in_every_tree():
    with Device() as device:
        device.nodes.set("DMAcc/other/ServerID", b"other")
        device.nodes.set("DMAcc/other/Ext/ScomoRoot", b"Other/SCM")
        stale = "?SCOMO/Inventory/Deployed/a/Operations"
        device.nodes.set(stale, b"Exec=other")
        device.proven("a")
        assert device.nodes.get("?SCOMO/Inventory/Deployed/a") == RIGHTS
        assert device.nodes.get("?Other/SCM/Inventory/Deployed/a") == RIGHTS
        assert device.nodes.get(stale) is None
        device.nodes.set(stale, b"Exec=other")
        assert device.operate("Remove", deployed("a")) == 1200
        assert [key for key in device.nodes.keys("?") if "Deployed" in key] == []


def test_what_is_another_servers_is_not_replaced():
    with Device() as device:
        device.proven("a")
        device.install("p", primitive="Download")
        device.nodes.set("DMAcc/main/ServerID", b"other")
        # Nor stopped, by putting another version in its place.
        for primitive in ("DownloadInstall", "DownloadInstallInactive"):
            assert device.install("a", primitive=primitive) == 1405
        assert device.install("p", primitive="Download") == 1402
        assert device.state("a") == 20 and device.spooled() == ["2"]
        acl = b"Get=*&Exec=srv&Replace=srv+other"
        for place in ("Deployed/a", DELIVERED[10:]):
            device.nodes.set("?SCOMO/Inventory/" + place, acl)
        assert device.install("p", primitive="Download") == 1200
        assert device.install("a", primitive="DownloadInstallInactive") == 1200


def test_no_more_packages_are_delivered_than_may_be():
    with Device() as device:
        for number in range(store.MAX_PACKAGES):
            device.nodes.set("SCOMO/Inventory/Delivered/%d/Data" % number, b"99")
        device.prepare("a")
        assert device.operate("Download", "Download/p", served(content("a"))) == 1404
        assert device.spooled() == []


# -- what stands against it


def test_failures_of_an_installation():
    with Device() as device:
        device.proven("a", content("a", component("a", release=5)))
        device.proven("b", content("b", component("b", requires=["a"])))
        for body, code in (
            (content("a", component("a", release=4)), 1456),
            (content("a", component("a", release=6), signer="0000000200000000"), 1407),
            (content("a", component("c", provides=["b"])), 1457),
            (content("a", component("c", requires=["d"])), 1458),
            (content("a", broken=1455), 1455),
            (content("other"), 1402),
            (b"no package", 1402),
            (content("a", component("a", release=6), size=99000), 1406),
            (content("a", component("a", release=6), full=1), 1406),
        ):
            before = [list(row) for row in device.store.rows]
            assert device.install("a", body) == code, code
            assert device.status() == "70" and device.spooled() == []
            assert device.store.rows == before and not device.reset
            assert len(os.listdir(device.root + "/c")) == 2
        # It would be inactive, and an active one needs it.
        body = content("a", component("a", release=6))
        assert device.install("a", body, "DownloadInstallInactive") == 1405


def test_who_takes_over_from_a_revoked_signer():
    other = content("a", component("a", release=2), signer="0000000200000000")
    with Device() as device:
        path = device.root + "/k/" + SIGNER
        device.proven("a")
        # Not an anchor's any more, but not revoked either; in use; revoked.
        for modulus, code in ((None, 1407), (KEY, 1407), (b"", store.ON_TRIAL)):
            if modulus is not None:
                with open(path, "wb") as file:
                    file.write(modulus)
            assert device.install("a", other) == code
        assert device.store.find("a")[store.SIGNER] == 2
        assert store.manifest(device.store.find("a")[store.SLOT])["signer"] == "0000000200000000"
        # From now on it is pinned.
        with open(device.root + "/k/0000000200000000", "wb") as file:
            file.write(KEY)
        assert device.install("a", content("a", component("a", release=3))) == 1407


def test_a_signed_downgrade_takes_the_floor_along():
    with Device() as device:
        device.proven("a", content("a", component("a", release=5)))
        body = content("a", component("a", release=3), downgrade=True)
        assert device.install("a", body) == store.ON_TRIAL
        assert device.store.find("a")[store.FLOOR] == 3


def test_what_is_required_may_come_along():
    with Device() as device:
        body = content("p", component("a", requires=["b"]), component("b", entry=None))
        assert device.install("p", body) == store.ON_TRIAL
        # An inactive one needs nothing yet.
        body = content("q", component("c", requires=["d"]))
        assert device.install("q", body, "DownloadInstallInactive") == 1200
        assert device.operate("Activate", deployed("c")) == 1458
        assert device.status(deployed("c")) == "40" and device.state("c") == 10
        assert device.operate("Deactivate", deployed("b")) == 1410
        assert device.status(deployed("b")) == "60" and device.state("b") == 20
        assert device.operate("Remove", deployed("b")) == 1408
        assert device.status(deployed("b")) == "20" and device.state("b") == 20
        assert device.operate("Remove", deployed("a")) == 1200
        assert device.operate("Remove", deployed("b")) == 1200
        assert device.nodes.keys("SCOMO/Inventory/Deployed/b") == []


def test_an_agent_is_told_from_other_components():
    with Device() as device:
        body = content("u", component("u", provides=["uscomo"], entry=None, agent=True))
        assert device.install("u", body) == store.ON_TRIAL
        assert device.store.find("u")[store.FLAGS] == uscomo_boot.TRIAL | uscomo_boot.AGENT


def test_lists_of_what_may_be_used():
    with Device() as device:
        key = "SCOMO/Blacklisted/1/"
        device.nodes.set(key + "ID", b"a")
        assert device.install("a") == 1451 and device.status() == "20"
        assert device.link.asked == [] and device.asked == []
        # A version is known when the package is there.
        device.nodes.set(key + "Version", b"1.0")
        assert device.install("a") == 1451 and device.status() == "70"
        assert device.install("a", content("a", component("a", version="1.1"))) == store.ON_TRIAL
        device.nodes.remove_tree("SCOMO/Blacklisted")
        device.nodes.set("SCOMO/Whitelisted/1/ID", b"b")
        assert device.install("a") == 1451 and device.link.asked == []
        assert device.install("b") == store.ON_TRIAL


def test_an_environment_that_does_not_fit():
    with Device() as device:
        assert device.install("a", EnvType="micropython;mpy=5.0") == 1413
        assert device.link.asked == [] and device.status() == "20"
        assert device.install("a", EnvType="", PkgType="application/zip") == 1413
        assert device.link.asked == [] and device.status() == "20"
        for kind in (TYPE, "application/octet-stream", ""):
            assert device.install("a", EnvType="", PkgType=kind) == store.ON_TRIAL


# -- the user


def test_no_is_no():
    with Device() as device:
        device.answers = [consent.NO, consent.UNSUPPORTED]
        for _ in range(2):
            assert device.install("a") == 1401
            assert device.status() == "20" and device.link.asked == []


def test_later_is_asked_again_and_not_for_ever():
    with Device() as device:
        device.prepare("a")
        device.answers = [consent.CANCELLED, consent.TIMED_OUT] * 2
        number = device.accept("DownloadInstall")
        for _ in range(3):
            assert not device.run(number)
            device.start()
            assert device.store.pending() == [number] and not device.reset
        assert device.run(number) == 1450
        assert device.store.pending() == [] and len(device.asked) == 4
        assert rows(device) == [(number, 1450, 0)]


def test_what_is_asked_later_is_overtaken():
    with Device() as device:
        device.proven("b")
        device.prepare("a")
        device.answers = [consent.CANCELLED]
        number = device.accept("DownloadInstall")
        assert not device.run(number)
        assert device.operate("Deactivate", deployed("b")) == 1200
        device.start()
        assert device.store.pending() == [number]
        assert device.run(number, served(content("a"))) == store.ON_TRIAL
        assert device.store.pending() == []


def test_who_is_not_asked():
    with Device() as device:
        device.nodes.set("DMAcc/main/Ext/Silent", b"1")
        device.install("a")
        device.nodes.set("DMAcc/main/Ext/Silent", b"0")
        device.nodes.set("~set/ask", b"never")
        device.operate("Deactivate", deployed("a"))
        assert device.asked == []
        device.nodes.set("~set/ask", b"always")
        device.operate("Activate", deployed("a"))
        assert device.asked == ["Activate a?"]


# -- restarts and power


def test_a_restart_before_and_after():
    with Device() as device:
        device.prepare("a", Reboot="both")
        number = device.accept("DownloadInstallInactive")
        assert not device.run(number) and device.reset
        device.start()
        assert device.store.pending() == [number]
        assert device.run(number, served(content("a"))) == 1200
        # The question was answered before the restart.
        assert device.reset and device.asked == ["Install a?"]


def test_a_restart_before_does_not_leave_safe_mode():
    with Device() as device:
        device.store.flags = uscomo_boot.SAFE
        device.prepare("a", Reboot="before")
        number = device.accept("DownloadInstall")
        assert device.run(number) == 0 and device.reset
        device.start()
        assert device.store.flags == uscomo_boot.SAFE
        assert device.run(number, served(content("a"))) == 1250
        assert device.store.flags == 0


def test_no_restart_for_an_installation_that_failed():
    with Device() as device:
        device.store.rows = [[number, 10, 0, 0, 1, 0, 0, 0] for number in range(1, 65)]
        device.store.find = lambda id: None
        kept = store.manifest
        store.manifest = lambda slot: (
            {"id": "b%d" % slot, "provides": ()} if slot == 1 else kept(slot)
        )
        try:
            assert device.install("a") == 1406
        finally:
            store.manifest = kept
        assert not device.reset


def test_a_version_has_its_own_parameters():
    with Device() as device:
        for params in ("one", "", "three"):
            device.install("a", InstallParams=params)
            row = device.store.find("a")
            if params != "three":
                device.store.confirm(row)
            key = "~params/%d" % row[store.SLOT]
            assert (device.nodes.get(key) or b"").decode() == params
        lifecycle.roll_back(device.store, row, device.said.append)
        assert device.nodes.get("~params/%d" % row[store.SLOT]) is None
        device.store.next_slot = 3
        device.install("a", InstallParams="")
        row = device.store.find("a")
        assert row[store.SLOT] == 3 and device.nodes.get("~params/3") is None


def test_a_cut_between_the_nodes_and_the_record_loses_no_package():
    for starts in (1, 3):  # after the third one it is given up
        with Device() as device:
            device.prepare("a")
            number = device.accept("Download")
            for _ in range(starts):
                row = device.store.begin(number)
            device.nodes.set("~something", b"")
            device.nodes.commit()

            def cut():
                raise OSError(5)

            device.store.commit = cut
            run = operation.Run(device.store, device.nodes, number, {}, None, device.said.append)
            with Link(Stream([served(content("a"))])):
                raises(OSError, run.run, row)
            device.start()
            device.store.collect(agent.kept(device.nodes))
            assert device.run(number, served(b"", 404)) == 1200
            assert device.node(DELIVERED + "/Data") == str(number)
            assert device.spooled() == [str(number)]


def test_a_package_that_is_whole_was_agreed_to():
    with Device() as device:
        device.prepare("a")
        number = device.accept("DownloadInstall")
        device.store.begin(number)[2] |= store.FETCHED
        device.store.commit()
        device.answers = [consent.NO]
        assert device.run(number, served(content("a"))) == store.ON_TRIAL
        assert device.asked == []


def test_an_operation_cut_off_again_and_again_is_told():
    with Device() as device:
        device.prepare("a")
        number = device.accept("DownloadInstall")
        with open(device.root + "/d/%d" % number, "wb") as file:
            file.write(b"begun")
        for _ in range(3):
            assert device.store.begin(number)
        assert device.run(number) == 1412
        assert device.status() == "20" and device.spooled() == []
        assert rows(device) == [(number, 1412, 0)]


def test_what_was_going_on_when_it_was_cut_off():
    for cut, status in (("30", "20"), ("40", "70"), ("50", "70")):
        with Device() as device:

            def power(text, cut=cut):
                if text == "status Download/p " + cut:
                    raise SystemExit

            device.prepare("a")
            number = device.accept("DownloadInstall")
            device.said = Cutting(power)
            for _ in range(3):
                raises(SystemExit, device.run, number, served(content("a")))
                device.start()
            device.said = []
            assert device.run(number, served(content("a"))) == 1412
            assert device.status() == status and device.spooled() == []
            # What is no descriptor names nobody who wants to hear of it, and is not read.
            assert len(device.link.used) == 1


class Cutting:
    # In place of the list of what is said.
    def __init__(self, append):
        self.append = append


def test_what_lies_here_may_be_the_beginning_of_another_file():
    with Device() as device:
        device.prepare("a")
        number = device.accept("DownloadInstall")
        body = content("a")
        with open(device.root + "/d/%d" % number, "wb") as file:
            file.write(b"?" * 9)
        rest = served(body[9:], 206, "Content-Range: bytes 9-%d/%d" % (len(body) - 1, len(body)))
        assert device.run(number, served(body), rest, served(body)) == store.ON_TRIAL
        asked = [stream.sent for stream in device.link.used]
        assert [b"Range: bytes=9-" in sent for sent in asked] == [False, True, False]
        # Only once: what is wrong from the beginning is not fetched for ever.
        device.prepare("b")
        number = device.accept("DownloadInstall")
        with open(device.root + "/d/%d" % number, "wb") as file:
            file.write(b"?")
        code = device.run(
            number, served(b"??"), served(b"?", 206, "Content-Range: bytes 1-1/2"), served(b"??")
        )
        assert code == 1402 and device.link.waiting == []


def test_a_whole_package_is_not_fetched_twice():
    with Device() as device:
        device.prepare("a")
        number = device.accept("DownloadInstall")
        body = content("a")
        with open(device.root + "/d/%d" % number, "wb") as file:
            file.write(body)
        assert device.run(number, served(body)) == store.ON_TRIAL
        assert len(device.link.used) == 1


# -- versions that are kept


def updated(device, id="a"):
    device.proven(id)
    device.proven(id, content(id, component(id, version="2.0", release=2)))
    return device.store.find(id)


def test_roll_back_to_what_is_retained():
    with Device() as device:
        row = updated(device)
        assert row[store.FALL_BACK] and device.version("a") == "2.0"
        assert device.operate("Rollback", deployed("a")) == 1251
        assert device.reset and device.version("a") == "1.0"
        assert rows(device)[-1] == (3, 1251, 1)
        assert device.operate("Rollback", deployed("a")) == 1251
        assert device.version("a") == "2.0"
        row = device.store.find("a")
        row[store.FALL_BACK] = 0
        assert device.operate("Rollback", deployed("a")) == 1405
        assert device.status(deployed("a")) == "40" and not device.reset
        assert device.operate("Rollback", deployed("nowhere")) == 1405


def test_short_flash_takes_what_is_retained():
    with Device() as device:
        row = updated(device)
        kept = row[store.FALL_BACK]
        device.install("c", content("c", size=90000))
        assert rows(device)[-1][1] == 1406
        assert not device.store.find("a")[store.FALL_BACK]
        assert str(kept) not in os.listdir(device.root + "/c")
        row = updated(device, "b")
        device.free = 16384  # what is kept free
        device.prepare("d")
        number = device.accept("DownloadInstall")
        # The first answer is one byte too many; then the slot is given up, and it is refused.
        assert device.run(number, served(content("d")), served(content("d"))) == 1404
        assert not device.store.find("b")[store.FALL_BACK] and device.status() == "20"


def test_who_replaces_a_trial_ends_it():
    with Device() as device:
        device.install("a")
        assert rows(device) == [(1, 1250, 1)]
        device.install("a", content("a", component("a", version="2.0", release=2)))
        assert rows(device) == [(1, 1200, 1), (2, 1250, 1)]
        assert device.operate("Deactivate", deployed("a")) == 1200
        assert rows(device) == [(1, 1200, 1), (2, 1200, 1), (3, 1200, 1)]
        # What was never proved has to prove itself when it comes back.
        assert device.operate("Activate", deployed("a")) == store.ON_TRIAL
        assert device.store.find("a")[store.TRIES] == store.ATTEMPTS
        assert device.operate("Remove", deployed("a")) == 1200
        assert rows(device)[-2:] == [(4, 1200, 1), (5, 1200, 0)]
        assert device.nodes.keys("~params/") == []
        assert device.nodes.get("?SCOMO/Inventory/Deployed/a") is None


def test_what_is_so_already_is_done():
    with Device() as device:
        device.proven("a")
        assert device.operate("Activate", deployed("a")) == 1200 and not device.reset
        assert device.operate("Deactivate", deployed("a")) == 1200 and device.reset
        assert device.operate("Deactivate", deployed("a")) == 1200 and not device.reset
        for verb, code in (("Activate", 1409), ("Deactivate", 1410), ("Remove", 1408)):
            assert device.operate(verb, deployed("b")) == code


def test_the_descriptors_server_hears_of_it():
    text = "<media><type>application/vnd.uscomo.package+gzip</type><size>%d</size>"
    text += "<objectURI>/o</objectURI><installNotifyURI>/n</installNotifyURI></media>"
    with Device() as device:
        for body, code, told in (
            (content("a"), store.ON_TRIAL, b"900 Success"),
            (content("b"), 1402, b"954 Loader Error"),
        ):
            described = served((text % len(body)).encode()).replace(
                b"vnd.uscomo.package+gzip\r", b"vnd.oma.dd+xml\r"
            )
            device.prepare("a")
            number = device.accept("DownloadInstall")
            assert device.run(number, described, served(body), served(b"", 204)) == code
            assert device.link.used[2].sent.endswith(told)
            assert device.link.used[2].sent.startswith(b"POST /n ")
        # Given up: where to report that is read once more.
        device.prepare("a")
        number = device.accept("Download")
        for _ in range(3):
            device.store.begin(number)
        assert device.run(number, described, served(b"", 204)) == 1412
        assert device.link.used[1].sent.endswith(b"952 Device Aborted")
        assert device.status() == "20"
