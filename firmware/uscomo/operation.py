# The install phase: runs one accepted operation and says how it ended. Imported for that and let
# go after it. Everything up to the record's commit can be cut off and done again from the start.
# Result codes and Status values: SCOMO, sections 3.5, 4 and 7 of the project's digest.
import os

import uscomo_boot
from uscomo import consent, platform, store
from uscomo.constant import const

OK = const(1200)
REFUSED = const(1401)
_WRONG = const(1402)
_FAILED = const(1405)
_NO_ROOM = const(1406)
_SIGNATURE = const(1407)
_REMOVE = const(1408)
_ENVIRONMENT = const(1413)
_RELEASE = const(1456)
_CLASH = const(1457)

# Where the SCOMO object keeps its nodes, whatever its root is called in an account's tree.
_KEY = const("SCOMO/")

# The largest package that is fetched at all.
_MAX_PACKAGE = const(4194304)
# Kept free for the record, nodes and a board that must stay usable.
_RESERVE = const(16384)
_BUFFER = const(512)

# Modules that an operation brings in, for platform.end_phase().
MODULES = ("operation", "download", "package", "rules", "rsa", "trust", "http")

# What Download/<X>/Status becomes: the download failed, or the installation without its data.
_DOWNLOAD_FAILED = const(20)
_INSTALL_FAILED = const(70)
_IDLE = const(10)


class Run:
    """One run of one operation: run() gives the result code and the component's number."""

    def __init__(self, stored, nodes, number, settings, feed, say):
        self.store = stored
        self.nodes = nodes
        self.number = number
        self.operation = stored.operation(number)
        self.settings = settings
        self.feed = feed
        self.say = say
        self.reset = False
        self._report = None  # DLOTA: where to, and what

    def run(self):
        """Run it; the result is in the record, committed with what it changed."""
        primitive = self.operation["primitive"]
        place = self.operation["place"]
        if place.startswith("Download/"):
            status, code, component = self._install(primitive == "DownloadInstall")
        else:
            status, code, component = self._change(primitive, place.rsplit("/", 1)[-1])
        if not (primitive == "Remove" and code == OK):
            self._set_status(_KEY + place + "/Status", status)
        # The result first: folding the nodes commits the record, with all that is in it.
        self.store.finish(self.number, self._trial(component) or code, component)
        if self.reset:
            self.store.plan_restart()
        self.nodes.commit()
        self.store.commit()
        if self._report:
            from uscomo import download

            download.notify(self._report[0], self._report[1], self.feed)
        return code

    def _trial(self, component):
        # ON_TRIAL where the operation's outcome is still to be seen.
        for row in self.store.rows:
            if row[store.COMPONENT] == component and row[store.STATE] == uscomo_boot.ACTIVE:
                about = store.manifest(row[store.SLOT])
                if row[store.FLAGS] & uscomo_boot.TRIAL and (
                    about.get("entry") or about.get("agent")
                ):
                    return store.ON_TRIAL
        return 0

    # -- DownloadInstall and DownloadInstallInactive

    def _install(self, active):
        from uscomo import download, package

        place = self.operation["place"]

        def leaf(name):
            return (self.nodes.get(_KEY + place + "/" + name) or b"").decode()

        fits = package.environment_fits(leaf("EnvType"), platform.mpy())
        if leaf("EnvType") and not fits:
            return _IDLE, _ENVIRONMENT, 0
        name = leaf("Name") or leaf("PkgID")
        if not self._agreed("Install " + name + "?"):
            return _DOWNLOAD_FAILED, REFUSED, 0
        path = store.package_path(self.number)
        buffer = bytearray(_BUFFER)
        free = platform.free(uscomo_boot.ROOT) - _RESERVE
        report = None
        try:
            report = download.download(
                leaf("PkgURL"), path, _MAX_PACKAGE, free, buffer, self.feed, self._progress
            )
        except download.DownloadError as error:
            store.remove_tree(path)
            self._report = error.notify and (error.notify, error.status)
            return _DOWNLOAD_FAILED, error.code, 0
        try:
            components = self._unpack(package, path, buffer, active, leaf("PkgID"))
        except package.PackageError as error:
            code = error.code
        except OSError as error:
            code = _NO_ROOM if error.args[0] == 28 else _FAILED
        else:
            self._report = report and (report, 900)
            self.reset = True
            return _IDLE, OK, components[0]
        self._report = report and (report, 954)
        store.remove_tree(path)
        return _INSTALL_FAILED, code, 0

    def _unpack(self, package, path, buffer, active, wanted):
        # Slots filled here are garbage until install() names them in the record.
        stored = self.store
        opened = package.Package(path, buffer, self.feed)
        kind = self.settings.get("DevTyp")
        header = opened.verify(uscomo_boot.ROOT + "/k", platform.mpy(), kind)
        # Any other package may be well signed too, but it is not what the server named.
        if wanted and header["id"] != wanted:
            raise package.PackageError(_WRONG)
        signer = int(header["signer"][:8], 16)
        downgrade = header.get("downgrade")
        bases = {}
        for about in header["components"]:
            row = stored.find(about["id"])
            if row:
                bases[about["dir"]] = store.slot_path(row[store.SLOT])
                if store.manifest(row[store.SLOT])["signer"] != header["signer"]:
                    raise package.PackageError(_SIGNATURE)
                if about["release"] < row[store.FLOOR] and not downgrade:
                    raise package.PackageError(_RELEASE)
            self._check_clash(package, about)
        if opened.unpacked_size + _RESERVE > platform.free(uscomo_boot.ROOT):
            raise package.PackageError(_NO_ROOM)
        rows = stored.rows
        slots = {about["dir"]: stored.new_slot() for about in header["components"]}
        paths = {name: store.slot_path(slot) for name, slot in slots.items()}
        try:
            opened.unpack(paths, bases)
            stored.rows = [list(row) for row in rows]
            components = [
                stored.install(slots[about["dir"]], signer, active)
                for about in header["components"]
            ]
            if downgrade:
                for about in header["components"]:
                    row = stored.find(about["id"])
                    row[store.FLOOR] = min(row[store.FLOOR], about["release"])
        except BaseException:
            stored.rows = rows
            for slot in paths.values():
                store.remove_tree(slot)
            raise
        os.remove(path)
        return components

    def _check_clash(self, package, about):
        # All components share one sys.path: a name may be provided once.
        for row in self.store.rows:
            other = store.manifest(row[store.SLOT])
            if other["id"] != about["id"]:
                for name in about["provides"]:
                    if name in other["provides"]:
                        raise package.PackageError(_CLASH)

    def _agreed(self, question):
        # "unless-asked" trusts the server's own question in the session that accepted this.
        wanted = self.settings.get("ask", "unless-asked")
        if wanted == "never" or (wanted == "unless-asked" and self.operation["asked"]):
            return True
        return consent.ask(question) == consent.YES

    def _set_status(self, key, status):
        if status == _IDLE:
            if self.nodes.get(key) is not None:
                self.nodes.remove(key)
        else:
            self.nodes.set(key, b"%d" % status)

    def _progress(self, received, size):
        self.say("progress %d %d" % (received, size))

    # -- Activate, Deactivate, Remove

    def _change(self, primitive, id):
        stored = self.store
        row = stored.find(id)
        if row is None:
            return _IDLE, _REMOVE if primitive == "Remove" else store.INTERRUPTED, 0
        if not self._agreed(primitive + " " + id + "?"):
            return _IDLE, REFUSED, row[store.COMPONENT]
        if primitive == "Remove":
            stored.rows.remove(row)
        else:
            wanted = uscomo_boot.ACTIVE if primitive == "Activate" else uscomo_boot.INACTIVE
            if row[store.STATE] == wanted:
                return _IDLE, OK, row[store.COMPONENT]
            row[store.STATE] = wanted
        self.reset = True
        return _IDLE, OK, row[store.COMPONENT] if primitive != "Remove" else 0
