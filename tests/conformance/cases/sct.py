"""SCT: the test list of SCOMO (scomo.md, section 12)."""

from __future__ import annotations

from ..bench import Bench, Device, Run, check, has_alert, package
from ..registry import case
from ..server import Session, atomic, chunks, confirm, delete, get, leaf, sequence
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

LIST = "scomo.md 12"
TYPE = "application/vnd.uscomo.package+gzip"
USER_REQUEST = "urn:oma:at:scomo:1.1:UpdateUserRequest"
DEVICE_REQUEST = "urn:oma:at:scomo:1.1:UpdateDeviceRequest"
INSTALL_REQUEST = "com.uscomo.scomo.installrequest"


@case("SCT-01", "MOID discovery", f"{LIST}, 1")
def discovery(bench: Bench) -> None:
    for root in ("SCOMO", "Vendor/Apps"):
        device = bench.device(scomo_root=root)
        kind = get(f"./{root}?prop=Type")
        (session,) = device.run([kind]).sessions
        check(session.values(kind), {f"./{root}?prop=Type": "urn:oma:mo:oma-scomo:1.0"})


@case("SCT-02", "Read the inventory leaf by leaf and by list=StructData", f"{LIST}, 3.4")
def inventory(bench: Bench) -> None:
    device = bench.device()
    fetch(device, "DownloadInstall", bench.server.publish("two", package("one", "other")))
    place = device.uri("Inventory/Deployed")
    names = get(place)
    leaves = ("ID", "Version", "State", "Status", "PkgIDRef")
    uris = [f"{place}/com.example.{n}/{leaf}" for n in ("one", "other") for leaf in leaves]
    each = get(*uris)
    (session,) = device.run([names], [each]).sessions
    check(session.values(names), {place: "com.example.one/com.example.other"})
    one_by_one = session.values(each)
    check(sorted(one_by_one), sorted(uris))
    listed = device.tree("Inventory/Deployed")
    for uri, value in one_by_one.items():
        check(listed[uri[len(place) + 1 :]], value)
    subset(listed, **{"com.example.one/ID": ID, "com.example.other/State": "20"})
    check(listed["com.example.one/Version"], "1.0")


@case("SCT-03", "Add a download node, read Status", f"{LIST}, 3.2, 3.5")
def add_download(bench: Bench) -> None:
    device = bench.device()
    uri = device.uri("Download/p1/Status")
    status = get(uri)
    commands = prepare(device, "p1", bench.server.url + "/one")
    (session,) = device.run(commands, [status]).sessions
    check([session.status(command) for command in commands], [200, 200, 200])
    item = session.results(status)[uri]
    check(item.data, b"10")
    check(item.meta and item.meta.format, "int")


@case("SCT-04", "Exec Download, PkgURL is the package", f"{LIST}, 4")
def download(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("one", package("one"))
    run = fetch(device, "Download", url, Name="One")
    check(run.statuses("Download/p1"), [30, 40])
    report = run.report()
    place = target(device, report)
    assert place.startswith("Inventory/Delivered/"), place
    assert_report(device, report, "Download/p1/Operations/Download", place, 1200, ID)
    tree = device.tree()
    check(tree["Download/p1/Status"], "40")
    values = {path[len(place) + 1 :]: tree[path] for path in tree if path.startswith(place)}
    subset(values, PkgID=ID, Name="One", State="10", Status="10")
    check([path for path in tree if path.startswith("Inventory/Deployed")], [])


@case("SCT-05", "Exec Download, PkgURL is a descriptor", f"{LIST}, 4, 8.2; dlota.md")
def download_by_descriptor(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.describe("one", package("one"))
    run = fetch(device, "Download", url)
    report = run.report()
    check((report.code, report.identifier), (1200, ID))
    check(device.tree(target(device, report))["State"], "10")
    posts = [body for method, path, body in bench.server.requests if path == "/notify"]
    check([body.split()[0] for body in posts], [b"900"])


@case("SCT-06", "DownloadInstall", f"{LIST}, 4")
def download_install(bench: Bench) -> None:
    device = bench.device()
    run = fetch(device, "DownloadInstall", bench.server.publish("one", package("one")))
    check(run.statuses("Download/p1")[:3], [30, 40, 50])
    source = "Download/p1/Operations/DownloadInstall"
    assert_report(device, run.report(), source, DEPLOYED, 1200, ID)
    check(device.tree("Download/p1")["Status"], "10")
    subset(device.tree(DEPLOYED), State="20", Status="10", Version="1.0")
    # An application is on trial first: what is reported is how that ended.
    device = bench.device()
    run = fetch(device, "DownloadInstall", bench.server.publish("app", package("one", app=True)))
    check(run.codes(), {"c-1": 1200})
    check(device.run().reports(), [])


@case("SCT-07", "DownloadInstallInactive", f"{LIST}, 4")
def download_install_inactive(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("one", package("one"))
    run = fetch(device, "DownloadInstallInactive", url)
    source = "Download/p1/Operations/DownloadInstallInactive"
    assert_report(device, run.report(), source, DEPLOYED, 1200, ID)
    subset(device.tree(DEPLOYED), State="10", Status="10")


@case("SCT-08", "A package with two components", f"{LIST}, 5.2")
def two_components(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("two", package("one", "other", id="com.example.pair"))
    run = fetch(device, "DownloadInstall", url, id="com.example.pair")
    (alert,) = (alert for session in run.sessions for alert in session.alerts())
    check(alert.correlator, "c-1")
    source = device.uri("Download/p1/Operations/DownloadInstall")
    check([item.source for item in alert.items], [source, source])
    places = [device.uri(f"Inventory/Deployed/com.example.{name}") for name in ("one", "other")]
    check(sorted(str(item.target) for item in alert.items), places)
    check([report.code for report in run.reports()], [1200, 1200])
    refs = [v for path, v in device.tree("Inventory").items() if path.endswith("/PkgIDRef")]
    check(refs, ["com.example.pair"] * 2)


@case("SCT-09", "Direct delivery in one message", f"{LIST}, 8.1")
def direct_delivery(bench: Bench) -> None:
    device = delivered(bench)
    subset(device.tree(DIRECT), PkgID=ID, State="10", Status="10")
    # A kind of file that nobody here installs.
    other = device.uri("Inventory/Delivered/zip")
    add = leaf("Add", other)
    wrong = leaf("Add", other + "/Data", b"PK\3\4", "bin", type="application/zip")
    (session,) = device.run([add, wrong]).sessions
    check(session.status(wrong), 415)


@case("SCT-10", "Direct delivery in chunks; a wrong Size", f"{LIST}, 8.1")
def direct_chunks(bench: Bench) -> None:
    device = bench.device()
    data = package("one", noise=3000)
    uri = device.uri(DIRECT + "/Data")
    nodes = deliver(device, b"")[:2]

    def send(announced: int) -> Session:
        parts = list(chunks(uri, data, 1000, announced, TYPE))
        (session,) = device.run(nodes, *parts).sessions
        codes = [session.status(part.commands[0]) for part in parts]
        check(codes[:-1], [213] * (len(parts) - 1))
        # Each chunk but the last one is answered with the wish for the next.
        wishes = [c for c in session.commands("Alert") if c.data == "1222"]
        assert len(wishes) >= len(parts) - 1, f"{len(wishes)} Alerts 1222 for {len(parts)} parts"
        last.append(codes[-1])
        return session

    last: list[int] = []
    send(len(data) + 7)
    check(last, [424])
    assert nothing_to_install(device), "a package of the wrong size was installed"
    device.run([delete(device.uri(DIRECT))])
    send(len(data))
    check(last, [424, 200])
    check(device.tree(DIRECT)["State"], "10")
    check(operate(device, DIRECT, "Install").codes(), {"c-1": 1200})


def nothing_to_install(device: Device) -> bool:
    """Whether an Install is refused at once, or fails."""
    wanted = start(device, DIRECT, "Install", "none")
    run = device.run([wanted])
    code = session_of(run, wanted).status(wanted)
    return code in (404, 405) or (code == 202 and run.codes()["none"] >= 1400)


@case("SCT-11", "Install and InstallInactive from Delivered", f"{LIST}, 4")
def install(bench: Bench) -> None:
    for primitive, state in (("Install", "20"), ("InstallInactive", "10")):
        device = bench.device()
        url = bench.server.publish("one", package("one"))
        place = target(device, fetch(device, "Download", url).report())
        run = operate(device, place, primitive)
        check(run.statuses(place)[:1], [40])
        source = f"{place}/Operations/{primitive}"
        assert_report(device, run.report(), source, DEPLOYED, 1200, ID)
        check(device.tree(DEPLOYED)["State"], state)
        subset(device.tree(place), State="20", Status="10")
        check(bench.server.fetched("one"), 1 if primitive == "Install" else 2)


@case("SCT-12", "Remove a package; remove a component", f"{LIST}, 4, 5.2")
def remove(bench: Bench) -> None:
    device = delivered(bench)
    operate(device, DIRECT, "Install")
    for place in (DIRECT, DEPLOYED):
        run = operate(device, place, "Remove")
        assert 30 in run.statuses(place), run.said
        assert_report(device, run.report(), f"{place}/Operations/Remove", None, 1200, ID)
        gone = get(device.uri(place))
        (session,) = device.run([gone]).sessions
        check(session.status(gone), 404)


@case("SCT-13", "Activate; Deactivate", f"{LIST}, 4")
def activate(bench: Bench) -> None:
    device = installed(bench)
    for primitive, on_the_way, state in (("Deactivate", 70, "10"), ("Activate", 50, "20")):
        wanted = start(device, DEPLOYED, primitive)
        uri = device.uri(DEPLOYED + "/Status")
        status = get(uri)
        run = device.run([wanted], [status])
        session = session_of(run, wanted)
        check(session.status(wanted), 202)
        check(session.values(status)[uri], str(on_the_way))
        check(run.statuses(DEPLOYED)[:1], [on_the_way])
        source = f"{DEPLOYED}/Operations/{primitive}"
        check((run.report().item.source, run.report().code), (device.uri(source), 1200))
        subset(device.tree(DEPLOYED), State=state, Status="10")


@case("SCT-14", "Correlator echoed, or absent", f"{LIST}, 4.2")
def correlators(bench: Bench) -> None:
    device = installed(bench)
    for correlator in ("op-7f31", None):
        run = operate(device, DEPLOYED, "Deactivate", correlator)
        check(run.report().alert.correlator, correlator)


@case("SCT-15", "The alert goes only to the server that started it", f"{LIST}, 4.2")
def two_servers(bench: Bench) -> None:
    other = "DMAcc/other/"
    nodes = {
        **{other + "AppID": "w7", other + "ServerID": "second", other + "Name": "other"},
        **{
            other + "AppAddr/1/Addr": bench.server.url + "/other",
            other + "Ext/ScomoRoot": "SCOMO",
        },
    }
    device = bench.device(nodes=nodes)
    run = fetch(device, "DownloadInstall", bench.server.publish("one", package("one")))
    check({session.account for session in run.sessions}, {"/dm", "/other"})
    check([report.session.account for report in run.reports()], ["/dm"])
    check(device.run().reports(), [])


@case("SCT-16", "The user refuses", f"{LIST}, 9")
def user_refuses(bench: Bench) -> None:
    device = bench.device(settings={"ask": "always", "consent": "no"})
    run = fetch(device, "DownloadInstall", bench.server.publish("one", package("one")))
    source = "Download/p1/Operations/DownloadInstall"
    assert_report(device, run.report(), source, None, 1401, ID)
    check(bench.server.fetched("one"), 0)
    check(device.tree("Download/p1")["Status"], "20")


@case("SCT-17", "Alert 1101 answered No in a Sequence", f"{LIST}, 9, 10.5")
def refused_sequence(bench: Bench) -> None:
    device = bench.device(settings={"consent": "no"})
    question = confirm("Install?")
    prepared = prepare(device, "p1", bench.server.publish("one", package("one")))
    wanted = start(device, "Download/p1", "DownloadInstall")
    run = device.run([sequence(question, *prepared, wanted)])
    (session,) = run.sessions
    check(session.status(question), 304)
    check({session.status(command) for command in (*prepared, wanted)}, {215})
    check(bench.server.fetched("one"), 0)
    check(device.run().reports(), [])


@case("SCT-18", "HTTP 401, 404, 500; unreachable", f"{LIST}, 8.2")
def http_errors(bench: Bench) -> None:
    device = bench.device()
    publish = bench.server.publish
    wanted = {
        "1403": publish("a", b"", status=401),
        "1402": publish("b", b"", status=404),
        "1500": publish("c", b"", status=500),
        "1501": "http://127.0.0.1:1/nobody",
    }
    turns = []
    for code, url in wanted.items():
        turns.append(prepare(device, code, url))
        turns[-1].append(start(device, f"Download/{code}", "Download", code))
    run = device.run(*turns)
    check(run.codes(), {code: int(code) for code in wanted})
    tree = device.tree("Download")
    check({code: tree[code + "/Status"] for code in wanted}, dict.fromkeys(wanted, "20"))


@case("SCT-19", "Storage full while fetching, while installing", f"{LIST}, 7")
def storage_full(bench: Bench) -> None:
    device = bench.device()
    wanted = start(device, "Download/p1", "DownloadInstall")
    large = bench.server.publish("large", package("one", noise=40_000))
    run = device.run([*prepare(device, "p1", large), wanted], free=40_000)
    check(run.codes(), {"c-1": 1404})
    check(device.tree("Download/p1")["Status"], "20")
    wanted = start(device, "Download/p2", "DownloadInstall", "c-2")
    swells = bench.server.publish("swells", package("one", size=400_000))
    run = device.run([*prepare(device, "p2", swells), wanted], free=60_000)
    check(run.codes(), {"c-2": 1406})
    assert device.tree("Download/p2")["Status"] in ("60", "70"), "install failed"
    check(device.tree("Inventory/Deployed"), {})


@case("SCT-20", "A bad signature", f"{LIST}, 13")
def bad_signature(bench: Bench) -> None:
    forged = package("one", key="nobody's")
    device = bench.device()
    run = fetch(device, "DownloadInstall", bench.server.publish("forged", forged))
    source = "Download/p1/Operations/DownloadInstall"
    assert_report(device, run.report(), source, None, 1407, ID)
    # 70 where the package was not kept.
    assert device.tree("Download/p1")["Status"] in ("60", "70"), device.tree("Download/p1")
    device = delivered(bench, forged)
    run = operate(device, DIRECT, "Install")
    check((run.report().code, run.report().item.target), (1407, None))
    subset(device.tree(DIRECT), Status="50", State="10")
    check(device.tree("Inventory/Deployed"), {})


@case("SCT-21", "A wrong EnvType, a wrong PkgType", f"{LIST}, 3.5, 7")
def wrong_types(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("one", package("one"))
    run = fetch(device, "DownloadInstall", url, EnvType="lua;v=5")
    check(run.codes(), {"c-1": 1413})
    run = fetch(device, "DownloadInstall", url, "p2", PkgType="application/zip")
    check(run.codes(), {"c-1": 1413})
    check(bench.server.fetched("one"), 0)
    # What the content server says it is.
    other = bench.server.publish("zip", package("one"), type="application/zip")
    run = fetch(device, "DownloadInstall", other, "p3")
    check(run.codes(), {"c-1": 1413})
    check(device.tree("Inventory/Deployed"), {})


@case("SCT-22", "Exec on a missing node, without the right, unsupported", f"{LIST}, 4, 13")
def refused_exec(bench: Bench) -> None:
    device = bench.device()
    prepared = prepare(device, "p1", bench.server.publish("one", package("one")))
    missing = start(device, "Download/nobody", "DownloadInstall")
    # A primitive of a draft (section 2) that no version has: 406, or its node is not there.
    draft = start(device, "Download/p1", "DownloadAndUpdate")
    leaf_itself = start(device, "Download/p1", "DownloadInstall")
    leaf_itself.items[0].target = device.uri("Download/p1/PkgID")
    rights = "&".join(f"{right}=script" for right in ("Add", "Delete", "Get", "Replace"))
    forbid = leaf("Replace", device.uri("Download/p1?prop=ACL"), rights)
    forbidden = start(device, "Download/p1", "DownloadInstall")
    run = device.run([*prepared, missing, draft, leaf_itself], [forbid, forbidden])
    (session,) = run.sessions
    check(session.status(missing), 404)
    assert session.status(draft) in (404, 406), session.status(draft)
    assert session.status(leaf_itself) in (405, 406), session.status(leaf_itself)
    check(session.status(forbid), 200)
    check(session.status(forbidden), 425)
    check(device.run().reports(), [])
    check(bench.server.fetched("one"), 0)


@case("SCT-23", "Exec inside Atomic", f"{LIST}, 4")
def exec_in_atomic(bench: Bench) -> None:
    device = bench.device()
    url = bench.server.publish("one", package("one"))
    prepared = prepare(device, "p1", url)
    wanted = start(device, "Download/p1", "DownloadInstall")
    whole = atomic(*prepared, wanted)
    run = device.run([whole])
    (session,) = run.sessions
    # 500 or 507 where Atomic is known, 406 from a client that does not have it.
    assert session.status(whole) in (406, 500, 507), session.status(whole)
    for command in (*prepared, wanted):
        assert all(code >= 215 for code in session.statuses(command)), command.name
    check(device.tree("Download"), {})
    check(bench.server.fetched("one"), 0)
    check(device.run().reports(), [])


@case("SCT-24", "Power cut while fetching, while installing", f"{LIST}, 4")
def power_cut(bench: Bench) -> None:
    for value, failed in (("30", ("20",)), ("50", ("60", "70"))):
        device = bench.device()
        url = bench.server.publish("one", package("one"))
        wanted = start(device, "Download/p1", "DownloadInstall")
        line = f"status Download/p1 {value}"
        run = device.run([*prepare(device, "p1", url), wanted], cut=line)
        check(run.exit, None)
        # It is begun anew at some starts; then it counts as interrupted for good.
        cuts = 1
        while run.exit is None:
            assert cuts < 8, "never given up"
            run = device.run(ask=None, cut=line)
            cuts += 1
        assert_report(
            *(device, run.report(), "Download/p1/Operations/DownloadInstall", None, 1412, ID)
        )
        assert device.tree("Download/p1")["Status"] in failed, device.tree("Download/p1")
        check(device.tree("Inventory"), {})
    # One cut does no harm: the operation is finished by the next start.
    device = bench.device()
    run = device.run([*prepare(device, "p1", url), start(device, "Download/p1", "Download")])
    check(run.codes(), {"c-1": 1200})
    place = target(device, run.report())
    line = f"status {place} 40"
    check(device.run([start(device, place, "Install", "c-2")], cut=line).exit, None)
    check(device.run(ask=None).codes(), {"c-2": 1200})
    check(device.tree(DEPLOYED)["State"], "20")


@case("SCT-25", "The report's session fails, then succeeds", f"{LIST}, 5.2")
def report_again(bench: Bench) -> None:
    device = bench.device()
    bench.server.broken = has_alert
    run = fetch(device, "DownloadInstall", bench.server.publish("one", package("one")))
    check(run.reports(), [])
    lost = [alert for session in run.sessions for alert in session.alerts()]
    assert lost, "never tried"
    bench.server.broken = lambda message: False
    heard = device.run(ask=None).report()
    check(heard.code, 1200)
    for alert in lost:
        check((alert.correlator, alert.items), (heard.alert.correlator, heard.alert.items))
    check(device.run().reports(), [])
    check(bench.server.fetched("one"), 1)


@case("SCT-26", "The user asks for an update", f"{LIST}, 5.3, 10.3")
def user_update(bench: Bench) -> None:
    device = installed(bench)
    newer = bench.server.publish("newer", package("one", release=2))
    wanted = start(device, "Download/p2", "DownloadInstall", "u-1")
    turn = [*prepare(device, "p2", newer), wanted]
    run = device.run(turn, ask=("update", ID, "User"))
    session = run.sessions[0]
    check(session.received[0].commands[0].data, "1201")
    (alert,) = session.alerts(USER_REQUEST)
    check(alert.items[0].source, device.uri(DEPLOYED))
    check(alert.correlator, None)
    assert alert.items[0].data is not None, "Data is mandatory"
    check(session.status(wanted), 202)
    check(run.codes(), {"u-1": 1200})
    subset(device.tree(DEPLOYED), Version="2.0", State="20")


@case("SCT-27", "The device asks, nothing is available", f"{LIST}, 5.3, 10.3")
def device_update(bench: Bench) -> None:
    device = installed(bench)
    bench.server.answers = {DEVICE_REQUEST: 202}
    run = device.run(ask=("update", "", "Device"))
    (session,) = run.sessions
    (alert,) = session.alerts(DEVICE_REQUEST)
    check(alert.items[0].source, None)
    check((session.over, run.exit), (True, 0))
    check([line for line in run.printed if line[:2] in ("! ", "? ")], [])
    # Answered, so it is not asked again.
    check(device.run(ask=None).sessions, [])


@case("SCT-28", "The server does not know the request's type", f"{LIST}, 10.3, 10.4")
def unknown_request(bench: Bench) -> None:
    for code in (415, 406):
        device = bench.device()
        bench.server.answers = {USER_REQUEST: code, INSTALL_REQUEST: code}
        run = device.run(ask=("install", ID, "User"))
        check(asked(run)[0], [USER_REQUEST])
        check(asked(run)[-1], [])
        assert all(session.over for session in run.sessions), "a session was broken off"
        check(run.exit, 0)
        check(device.run(ask=None).sessions, [])


def asked(run: Run) -> list[list[str]]:
    """The types of generic alerts, for each session."""
    return [
        [item.meta.type or "" for c in session.commands("Alert") for item in c.items if item.meta]
        for session in run.sessions
    ]


@case("SCT-29", "Exec twice in parallel", f"{LIST}, 10.5")
def twice(bench: Bench) -> None:
    device = bench.device()
    prepared = prepare(device, "p1", bench.server.publish("one", package("one")))
    first = start(device, "Download/p1", "DownloadInstall", "first")
    second = start(device, "Download/p1", "DownloadInstall", "second")
    third = start(device, "Download/p1", "Download", "third")
    run = device.run([*prepared, first, second], [third])
    session = session_of(run, first)
    check(session.status(first), 202)
    for refused in (second, third):
        assert session.status(refused) in (405, 500), session.status(refused)
    check(run.codes(), {"first": 1200})


@case("SCT-30", "1.1: Reboot before and after", f"{LIST}, 3.2")
def reboot(bench: Bench) -> None:
    def steps(name: str) -> tuple[int, int]:
        """In which start the installation began, and how many starts there were."""
        device = bench.device(scomo_version="1.1")
        url = bench.server.publish("one", package("one"))
        run = fetch(device, "DownloadInstall", url, Reboot=name)
        check(run.codes(), {"c-1": 1200})
        line = "status Download/p1 50"
        began = [number for number, said in enumerate(run.starts) if line in said]
        return began[0], len(run.starts)

    # The session that accepts it is in start 0; what is new runs after a restart in any case.
    check(steps("after"), (0, 2))
    began, starts = steps("before")
    assert 0 < began < starts - 1, (began, starts)
    began, starts = steps("both")
    assert 0 < began < starts - 1, (began, starts)
