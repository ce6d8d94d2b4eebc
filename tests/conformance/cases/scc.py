"""SCC: what a SCOMO client has to have (scomo.md, section 11)."""

from __future__ import annotations

from uscomo_tools.syncml.message import Command, Item

from ..bench import Bench, check, package
from ..registry import case
from ..server import chunks, confirm, get, leaf, sequence
from ..steps import (
    DEPLOYED,
    DIRECT,
    ID,
    assert_report,
    deliver,
    delivered,
    fetch,
    installed,
    operate,
    prepare,
    session_of,
    start,
    subset,
    target,
)

LIST = "scomo.md 11"
TYPE = "application/vnd.uscomo.package+gzip"


@case("SCC-01", "OMA DM 1.2 client, generic alert 1226, Exec", f"{LIST}, 6, 5.1")
def dm_client(bench: Bench) -> None:
    device = bench.device()
    run = fetch(device, "DownloadInstall", bench.server.publish("one", package("one")))
    first = run.sessions[0].received[0]
    check((first.header.ver_dtd, first.header.ver_proto), ("1.2", "DM/1.2"))
    check([c.name for c in first.commands], ["Alert", "Replace"])
    check(first.commands[0].data, "1201")
    about = {item.source: item.data for item in first.commands[1].items}
    assert about["./DevInfo/DevId"], "no DevId"
    assert first.final, "package 1 is not final"
    item = run.report().item
    assert item.meta, "a generic alert without Meta"
    assert item.meta.type, "a generic alert without Type"
    assert item.meta.format, "a generic alert without Format"
    assert item.data, "a generic alert without Data"
    assert all(session.over for session in run.sessions), "a session that nobody closed"


@case("SCC-02", "One MO instance with MOID oma-scomo:1.0 or 1.1", f"{LIST}, 1")
def one_instance(bench: Bench) -> None:
    for version in ("1.0", "1.1"):
        device = bench.device(scomo_version=version)
        listing = get(".?list=Struct")
        (session,) = device.run([listing]).sessions
        urn = f"urn:oma:mo:oma-scomo:{version}"
        roots = [
            uri
            for uri, item in session.results(listing).items()
            if item.meta and "oma-scomo" in (item.meta.type or "")
        ]
        check(roots, [device.base])
        check(session.results(listing)[device.base].meta.type, urn)  # type: ignore[union-attr]


@case("SCC-03", "Inventory/Deployed with ID, State, Status of each component", f"{LIST}, 3.4")
def deployed(bench: Bench) -> None:
    device = bench.device()
    fetch(device, "DownloadInstall", bench.server.publish("two", package("one", "other")))
    for name in ("one", "other"):
        values = device.tree(f"Inventory/Deployed/com.example.{name}")
        subset(values, ID=f"com.example.{name}", State="20", Status="10", Version="1.0")
        check(values["PkgIDRef"], ID)


@case("SCC-04", "At least one delivery way: direct or indirect", f"{LIST}, 8")
def delivery(bench: Bench) -> None:
    indirect = bench.device()
    run = fetch(indirect, "DownloadInstall", bench.server.publish("one", package("one")))
    check(run.codes(), {"c-1": 1200})
    direct = delivered(bench)
    check(operate(direct, DIRECT, "Install").codes(), {"c-1": 1200})
    check(indirect.tree(DEPLOYED)["State"], "20")
    check(direct.tree(DEPLOYED)["State"], "20")


@case("SCC-05", "Download subtree: PkgID, PkgURL, Status, Operations", f"{LIST}, 3.2")
def download_subtree(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.url + "/one"
    more = {"Name": "One", "Description": "words", "EnvType": "micropython", "PkgType": TYPE}
    more["InstallParams"] = "level=3"
    place = device.uri("Download/p1")
    operations = get(place + "/Operations")
    change = leaf("Replace", place + "/PkgURL", url + "?new")
    owned = leaf("Replace", place + "/Status", "40", "int")
    commands = prepare(device, "p1", url, **more)
    (session,) = device.run(commands, [operations, change, owned]).sessions
    check([session.status(command) for command in commands], [200] * len(commands))
    names = session.values(operations)[place + "/Operations"].split("/")
    check(set(names) - {"Ext"}, {"Download", "DownloadInstall", "DownloadInstallInactive"})
    check(session.status(change), 200)
    check(session.status(owned), 405)
    values = device.tree("Download/p1")
    subset(values, PkgID=ID, PkgURL=url + "?new", Status="10", **more)


@case("SCC-06", "Exec Download, DownloadInstall, DownloadInstallInactive", f"{LIST}, 4")
def download_primitives(bench: Bench) -> None:
    device = bench.device()
    commands = []
    names = ("Download", "DownloadInstall", "DownloadInstallInactive")
    for name in names:
        id = f"com.example.{name.lower()}"
        url = bench.server.publish(name, package(name.lower()))
        commands.append(prepare(device, name, url, id))
        commands[-1].append(start(device, f"Download/{name}", name, name))
    run = device.run(*commands)
    for turn in commands:
        check(session_of(run, turn[-1]).status(turn[-1]), 202)
    check(run.codes(), dict.fromkeys(names, 1200))
    tree = device.tree("Inventory/Deployed")
    states = {path.split("/")[0]: tree[path] for path in tree if path.endswith("/State")}
    expected = {"com.example.downloadinstall": "20", "com.example.downloadinstallinactive": "10"}
    check(states, expected)


@case("SCC-07", "Delivered subtree: Data, State, Status", f"{LIST}, 3.3")
def delivered_subtree(bench: Bench) -> None:
    device = delivered(bench)
    place = device.uri(DIRECT)
    data = get(place + "/Data")
    state = leaf("Replace", place + "/State", "20", "int")
    operations = get(place + "/Operations")
    (session,) = device.run([data, state, operations]).sessions
    check(session.status(data), 405)
    check(session.status(state), 405)
    names = session.values(operations)[place + "/Operations"].split("/")
    check(set(names) - {"Ext"}, {"Install", "InstallInactive", "Remove"})
    values = device.tree(DIRECT)
    subset(values, PkgID=ID, State="10", Status="10")
    assert "Data" not in values, "Data is write-only"


@case("SCC-08", "Exec Install, InstallInactive", f"{LIST}, 4")
def install_primitives(bench: Bench) -> None:
    for primitive, state in (("Install", "20"), ("InstallInactive", "10")):
        device = delivered(bench)
        check(operate(device, DIRECT, primitive).codes(), {"c-1": 1200})
        check(device.tree(DEPLOYED)["State"], state)


@case("SCC-09", "Exec Remove on a package, on a component", f"{LIST}, 4")
def remove_primitives(bench: Bench) -> None:
    device = delivered(bench)
    operate(device, DIRECT, "Install")
    check(operate(device, DIRECT, "Remove", "dp").codes(), {"dp": 1200})
    tree = device.tree("Inventory")
    check([path for path in tree if path.startswith("Delivered/")], [])
    check(tree[f"Deployed/{ID}/State"], "20")
    check(operate(device, DEPLOYED, "Remove", "dc").codes(), {"dc": 1200})
    check(device.tree("Inventory"), {})


@case("SCC-10", "Exec Activate and Deactivate", f"{LIST}, 4")
def activation(bench: Bench) -> None:
    device = installed(bench)
    check(operate(device, DEPLOYED, "Deactivate", "1").codes(), {"1": 1200})
    check(device.tree(DEPLOYED)["State"], "10")
    # Idempotent: what is so already succeeds at once.
    check(operate(device, DEPLOYED, "Deactivate", "2").codes(), {"2": 1200})
    check(operate(device, DEPLOYED, "Activate", "3").codes(), {"3": 1200})
    check(device.tree(DEPLOYED)["State"], "20")


@case("SCC-11", "Status and State values", f"{LIST}, 3.5")
def values(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("one", package("one"))
    run = fetch(device, "Download", url)
    check(run.statuses("Download/p1"), [30, 40])
    report = run.report()
    check(device.tree("Download/p1")["Status"], "40")
    place = target(device, report)
    subset(device.tree(place), State="10", Status="10")
    run = operate(device, place, "Install")
    check(run.statuses(place)[:1], [40])
    subset(device.tree(place), State="20", Status="10")
    run = fetch(device, "DownloadInstall", bench.server.url + "/none", "p2")
    check(run.statuses("Download/p2"), [30, 20])
    check(device.tree("Download/p2")["Status"], "20")
    other = bench.server.publish("other", package("other"))
    run = fetch(device, "DownloadInstall", other, "p3", id="com.example.other")
    check(run.statuses("Download/p3")[:3], [30, 40, 50])
    check(device.tree("Download/p3")["Status"], "10")


@case("SCC-12", "Result codes", f"{LIST}, 7")
def result_codes(bench: Bench) -> None:
    device = bench.device()
    server = bench.server
    wanted = {
        "1200": server.publish("one", package("one")),
        "1402": server.publish("other", package("other"), status=404),
        "1407": server.publish("forged", package("forged", key="nobody's")),
        "1413": server.publish("elsewhere", package("elsewhere", env="micropython;mpy=99.9")),
        "1500": server.publish("down", b"", status=500),
    }
    ids = dict(zip(wanted, ("one", "other", "forged", "elsewhere", "down"), strict=True))
    turns = []
    for code, url in wanted.items():
        turns.append(prepare(device, code, url, f"com.example.{ids[code]}"))
        turns[-1].append(start(device, f"Download/{code}", "DownloadInstall", code))
    codes = device.run(*turns).codes()
    check(codes, {code: int(code) for code in wanted})


@case("SCC-13", "Asynchronous report: 202 and OperationComplete", f"{LIST}, 4.1, 5.2")
def asynchronous(bench: Bench) -> None:
    device = bench.device()
    run = fetch(device, "DownloadInstall", bench.server.publish("one", package("one")))
    assert_report(
        *(device, run.report(), "Download/p1/Operations/DownloadInstall", DEPLOYED, 1200, ID)
    )
    # The result comes in a session that the client opens for it.
    assert run.report().session is not run.sessions[0], "reported before it was done"
    check(run.report().session.received[0].commands[0].data, "1201")
    check(device.run().reports(), [])


@case("SCC-14", "Synchronous report", f"{LIST}, 4.1")
def synchronous(bench: Bench) -> None:
    device = installed(bench, nodes={"DMAcc/main/Ext/Report": "sync"})
    for primitive, state in (("Deactivate", "10"), ("Activate", "20")):
        run = operate(device, DEPLOYED, primitive, expect=1200)
        check(run.reports(), [])
        check(device.tree(DEPLOYED)["State"], state)
    run = operate(device, DEPLOYED, "Remove", expect=1200)
    check(run.reports(), [])
    check(device.tree("Inventory"), {})


@case("SCC-15", "The correlator comes back", f"{LIST}, 4.2")
def correlator(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("one", package("one"))
    words = "op 7f31/<&>\u00e4" + "x" * 60
    check(fetch(device, "DownloadInstall", url, correlator=words).codes(), {words: 1200})


@case("SCC-16", "One alert Item for each component", f"{LIST}, 5.2")
def one_item_each(bench: Bench) -> None:
    device = bench.device()
    run = fetch(device, "DownloadInstall", bench.server.publish("two", package("one", "other")))
    alerts = [alert for session in run.sessions for alert in session.alerts()]
    check([len(alert.items) for alert in alerts], [2])
    source = "Download/p1/Operations/DownloadInstall"
    for report, name in zip(run.reports(), ("one", "other"), strict=True):
        id = f"com.example.{name}"
        assert_report(device, report, source, f"Inventory/Deployed/{id}", 1200, id)


@case("SCC-17", "Large objects", f"{LIST}, 8.1; oma-dm.md 7")
def large_objects(bench: Bench) -> None:
    device = bench.device()
    data = package("one", "other", "third", "fourth")
    large = get("./DevDetail/LrgObj")
    nodes = deliver(device, b"")[:2]
    parts = list(chunks(device.uri(DIRECT + "/Data"), data, 300, len(data), TYPE))
    assert len(parts) > 2, "no middle chunk"
    (session,) = device.run([large, *nodes], *parts).sessions
    check(session.values(large), {"./DevDetail/LrgObj": "true"})
    codes = [session.status(part.commands[0]) for part in parts]
    check(codes, [213] * (len(parts) - 1) + [200])
    check(operate(device, DIRECT, "Install").codes(), {"c-1": 1200})
    check(len([path for path in device.tree("Inventory/Deployed") if path.endswith("/ID")]), 4)


@case("SCC-18", "OMA Download descriptor", f"{LIST}, 8.2; dlota.md")
def descriptor(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.describe("one", package("one"))
    check(fetch(device, "DownloadInstall", url).codes(), {"c-1": 1200})
    check(bench.server.fetched("one"), 1)
    check(device.tree(DEPLOYED)["State"], "20")


@case("SCC-19", "UI alerts", f"{LIST}, 9; oma-dm.md")
def ui_alerts(bench: Bench) -> None:
    for consent, status in (("yes", 200), ("no", 304)):
        device = bench.device(settings={"consent": consent})
        display = Command("Alert", data="1100", items=[Item(data=b""), Item(data=b"Hello")])
        question = confirm("Go on?")
        run = device.run([display, question])
        check(run.sessions[0].status(display), 200)
        check(run.sessions[0].status(question), status)
        assert any("Hello" in line for line in run.printed), run.printed
        assert any("Go on?" in line for line in run.printed), run.printed


@case("SCC-20", "Client-initiated request", f"{LIST}, 10.2, 10.4")
def request(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("one", package("one"))
    exec_ = start(device, "Download/p1", "DownloadInstall")
    granted = sequence(confirm("Install One?"), *prepare(device, "p1", url), exec_)
    run = device.run([granted], ask=("install", ID, "User"))
    session = run.sessions[0]
    (alert,) = session.alerts("urn:oma:at:scomo:1.1:UpdateUserRequest")
    check(alert.items[0].source, device.base)
    check(alert.items[0].data, ID.encode())
    check(alert.correlator, None)
    check(session.status(exec_), 202)
    check(run.codes(), {"c-1": 1200})


@case("SCC-21", "1.1: Reboot, CheckUpdateFreq, white and black list", f"{LIST}, 3.5, 3.7, 13")
def version_1_1(bench: Bench) -> None:
    device = bench.device(scomo_version="1.1")
    server = bench.server
    hours = device.uri("CheckUpdateFreq")
    black = device.uri("Blacklisted/x")
    # It may be there from the beginning, or be the server's to add.
    added = leaf("Add", hours, "12", "int")
    turn = [
        leaf("Replace", hours, "24", "int"),
        leaf("Add", black),
        leaf("Add", black + "/ID", "com.example.bad"),
        *prepare(device, "p1", server.publish("one", package("one")), Reboot="none"),
        start(device, "Download/p1", "DownloadInstall", "good"),
    ]
    bad = prepare(device, "p2", server.publish("bad", package("bad")), "com.example.bad")
    bad.append(start(device, "Download/p2", "DownloadInstall", "bad"))
    run = device.run([added], turn, bad)
    session = run.sessions[0]
    assert session.status(added) in (200, 418, 405), session.status(added)
    check([session.status(command) for command in turn], [200] * (len(turn) - 1) + [202])
    check(run.codes(), {"good": 1200, "bad": 1451})
    check(server.fetched("bad"), 0)
    tree = device.tree()
    subset(tree, CheckUpdateFreq="24")
    check(tree["Blacklisted/x/ID"], "com.example.bad")
    # A component is blocked too, whatever the package calls itself.
    hidden = server.publish("hidden", package("bad", id="com.example.good"))
    run = fetch(device, "DownloadInstall", hidden, "p3", id="com.example.good")
    check(run.codes(), {"c-1": 1451})
    # Where there is a white list, nothing else is let in.
    white = device.uri("Whitelisted/x")
    device.run([leaf("Add", white), leaf("Add", white + "/ID", ID)])
    third = server.publish("third", package("third"))
    run = fetch(device, "DownloadInstall", third, "p4", id="com.example.third")
    check(run.codes(), {"c-1": 1451})
    # Nothing of it in an object of version 1.0.
    old = bench.device()
    place = old.uri("Download/p1")
    unknown = leaf("Replace", old.uri("CheckUpdateFreq"), "24", "int")
    reboot = leaf("Add", place + "/Reboot", "none")
    (session,) = old.run([unknown, leaf("Add", place), reboot]).sessions
    assert session.status(unknown) in (404, 405), session.status(unknown)
    assert session.status(reboot) in (404, 405), session.status(reboot)


@case("SCC-22", "Package signature is verified before installation", f"{LIST}, 13")
def signature(bench: Bench) -> None:
    device = bench.device()
    forged = bench.server.publish("forged", package("one", key="nobody's"))
    check(fetch(device, "DownloadInstall", forged).codes(), {"c-1": 1407})
    check(device.tree("Inventory/Deployed"), {})
    other = delivered(bench, package("one", key="nobody's"))
    check(operate(other, DIRECT, "Install").codes(), {"c-1": 1407})
    check(other.tree("Inventory/Deployed"), {})
