# The install phase: runs one accepted operation and says how it ended. Imported for that and let
# go after it. Everything up to the record's commit can be cut off and done again from the start.
# Result codes and Status values: SCOMO, sections 3.5, 4 and 7 of the project's digest.
import uscomo_boot
from uscomo import platform, store
from uscomo.change import IDLE, KEY, LATER, OK, STEPS, Change
from uscomo.constant import const

_WRONG = const(1402)
_NO_SPACE = const(1404)
_FAILED = const(1405)
_NO_ROOM = const(1406)
_SIGNATURE = const(1407)
_ENVIRONMENT = const(1413)
_UNANSWERED = const(1450)
_BLOCKED = const(1451)
_TOO_OLD = const(1456)
_CLASH = const(1457)
_MISSING = const(1458)

# The largest package that is fetched at all.
_MAX_PACKAGE = const(4194304)
# Kept free for the record, nodes and a board that must stay usable.
_RESERVE = const(16384)
_BUFFER = const(512)
# Less than the size of a package whose size is not known.
_NOTHING = const(-2)

# Status values between the first and the last one.
_STORED = const(40)
_INSTALLING = const(50)
_DOWNLOAD_FAILED = const(20)

# What a delivered package takes over from its download.
_LEAVES = ("PkgID", "Name", "InstallParams", "Description", "EnvType", "PkgType", "Reboot")
_DELIVERED = "Inventory/Delivered/"


class Run(Change):
    """One run of one operation: run() gives the result code, LATER where it goes on later."""

    def __init__(self, stored, nodes, number, settings, feed, say):
        super().__init__(stored, nodes, stored.operation(number), say)
        self.number = number
        self.settings = settings
        self.feed = feed
        self._report = None  # DLOTA: where to, and what
        self._failed = STEPS[self.primitive][1]

    def run(self, result=None):
        """Run it; the result is in the record, committed with what it changed."""
        if self._delivered():
            return self.finish(OK, ())
        # Who has agreed is not asked again, as far as that is known after a cut.
        restarted = result and result[2] & (store.RESTARTED | store.FETCHED)
        when = self.leaf("Reboot")
        code = OK if restarted else self._wanted()
        if code == LATER:
            if result and result[2] // store.POSTPONED & 3 < 3:
                self.store.hold(result, store.POSTPONED)
                return code
            code = _UNANSWERED
        if code == OK and when in ("before", "both") and result and not restarted:
            safe = self.store.flags  # it is left when something has changed
            self.store.plan_restart()
            self.store.flags = safe
            self.store.hold(result, store.RESTARTED)
            self.reset = True
            return LATER
        components = ()
        if code == OK:
            self.status(STEPS[self.primitive][0])
            if self.primitive[:2] in ("Do", "In"):
                code, components = self._install(result)
                self.reset = self.reset or (code == OK and when in ("after", "both"))
            else:
                code, components = super().run()
        elif self.place[:1] == "D":
            self._failed = _DOWNLOAD_FAILED
        return self.finish(code, components)

    def _delivered(self):
        # Power went between the nodes and the record: it is delivered already.
        data = self.nodes.get(KEY + _DELIVERED + self.id + "/Data")
        return self.primitive == "Download" and data == b"%d" % self.number

    def finish(self, code, components):
        """Write down how it ended."""
        stored = self.store
        if code == store.INTERRUPTED and self._delivered():
            code = OK
        given_up = code == store.INTERRUPTED and self.place[:1] == "D"
        if code >= 1300:
            for result in stored.results:
                if given_up and result[0] == self.number and not result[2] & store.FETCHED:
                    self._failed = _DOWNLOAD_FAILED
            self.end(self._failed)
            if self.place[:1] == "D":
                self.garbage = store.package_path(self.number)
        # The result first: folding the nodes commits the record, with all that is in it.
        stored.finish(self.number, code, components)
        if self.reset:
            stored.plan_restart()
        self.nodes.commit()
        stored.commit()
        if self.garbage:
            store.remove_tree(self.garbage)
        if self._report or given_up:
            platform.let_go(("package", "rules", "rsa", "trust"))
            from uscomo import download

            if given_up:
                # Where to was in the descriptor. With room for nothing no more than that is read.
                try:
                    url = self.leaf("PkgURL")
                    download.download(url, "", _NOTHING, 0, bytearray(_BUFFER), self.feed)
                except download.DownloadError as error:
                    self._report = error.notify and (error.notify, 952)
            if self._report:
                download.notify(self._report[0], self._report[1], self.feed)
        for result in stored.results:
            if result[0] == self.number:
                return result[1]

    def _wanted(self):
        # What can be said before a byte is fetched.
        if self.primitive[:2] not in ("Do", "In"):
            return self.agreed(self.primitive + " " + self.id + "?")
        from uscomo import rules

        if self.leaf("PkgType") not in rules.OBJECT_TYPES:
            return _ENVIRONMENT
        env = self.leaf("EnvType")
        if env and not rules.environment_fits(env, platform.mpy()):
            return _ENVIRONMENT
        id = self.leaf("PkgID")
        if self._blocked(id, None):
            return _BLOCKED
        verb = "Download " if self.primitive == "Download" else "Install "
        return self.agreed(verb + (self.leaf("Name") or id) + "?")

    def _blocked(self, id, version):
        # The lists of SCOMO 1.1; an entry without a version stands for all of them.
        for name, wanted in (("Blacklisted", False), ("Whitelisted", True)):
            entries = self.nodes.children(KEY + name)
            found = False
            for entry in entries:
                entry = KEY + name + "/" + entry + "/"
                only = (self.nodes.get(entry + "Version") or b"").decode()
                # Before it is fetched nobody knows a package's versions.
                fits = not only or (wanted if version is None else only == version)
                if fits and (self.nodes.get(entry + "ID") or b"").decode() == id:
                    found = True
            if entries and found != wanted:
                return True
        return False

    # -- packages: Download..., Install...

    def _install(self, result):
        fetched = self.place[:1] != "D"
        number = self.number
        if fetched:
            number = int(self.leaf("Data") or 0)
        path = store.package_path(number)
        buffer = bytearray(_BUFFER)
        resumed = not fetched and store.size(path)
        while True:
            code = OK if fetched else self._fetch(path, buffer)
            if code == OK:
                if not fetched:
                    fetched = True
                    if result and self.primitive != "Download":
                        # Whose power goes from here on has not failed to download.
                        result[2] |= store.FETCHED
                        self.store.commit()
                    self.status(_STORED)
                code, components = self._open(path, buffer)
                if code == OK:
                    break
            if code in (_NO_SPACE, _NO_ROOM) and self._give_up_slot():
                continue
            if resumed and code in (_WRONG, _SIGNATURE):
                # What lay here may be the beginning of another file than the server has now.
                store.remove_tree(path)
                fetched = resumed = False
                continue
            if not fetched or self.primitive == "Download":
                self._failed = STEPS["Download"][1]
            return code, ()
        if self._report:
            self._report[1] = 900
        if self.primitive == "Download":
            self.end(_STORED)
        else:
            self.end(IDLE)
            if number == self.number:
                self.garbage = path
            else:
                self.nodes.set(KEY + self.place + "/State", b"20")
        return OK, components

    def _fetch(self, path, buffer):
        # The result code; what DLOTA has to be told in the end is in _report.
        from uscomo import download

        free = platform.free(uscomo_boot.ROOT) - _RESERVE
        code = OK
        status = 954
        try:
            report = download.download(
                self.leaf("PkgURL"), path, _MAX_PACKAGE, free, buffer, self.feed, self._progress
            )
        except download.DownloadError as error:
            code = error.code
            status = error.status
            report = error.notify
        self._report = report and [report, status]
        return code

    def _open(self, path, buffer):
        # The result code of what was fetched, and its components.
        platform.let_go(("download", "http"))
        from uscomo import package

        try:
            opened = package.Package(path, buffer, self.feed)
            return OK, self._unpack(package.PackageError, opened)
        except package.PackageError as error:
            return error.code, ()
        except OSError as error:
            return (_NO_ROOM if error.args[0] == 28 else _FAILED), ()

    def _progress(self, received, size):
        self.say("progress %d %d" % (received, size))

    def _give_up_slot(self):
        # Versions that are kept only for the wish to go back to them.
        for row in self.store.rows:
            slot = row[store.FALL_BACK]
            if slot and not row[store.FLAGS] & uscomo_boot.TRIAL:
                row[store.FALL_BACK] = 0
                self.store.commit()
                store.remove_tree(store.slot_path(slot))
                return True
        return False

    def _unpack(self, error, opened):
        # Slots filled here are garbage until install() names them in the record.
        stored = self.store
        kind = self.settings.get("DevTyp")
        header = opened.verify(uscomo_boot.ROOT + "/k", platform.mpy(), kind)
        # Any other package may be well signed too, but it is not what the server named.
        wanted = self.leaf("PkgID")
        if wanted and header["id"] != wanted:
            raise error(_WRONG)
        if self.primitive == "Download":
            return self._deliver(error)
        if self.place[:1] == "D":
            self.status(_INSTALLING)
        active = self.primitive[-8:] != "Inactive"
        code = self._refused(header, active)
        if not code and opened.unpacked_size + _RESERVE > platform.free(uscomo_boot.ROOT):
            code = _NO_ROOM
        if code:
            raise error(code)
        rows = stored.rows
        slots = {about["dir"]: stored.new_slot() for about in header["components"]}
        paths = {name: store.slot_path(slot) for name, slot in slots.items()}
        # What an update leaves out is taken from the version that is there.
        bases = {}
        for about in header["components"]:
            row = stored.find(about["id"])
            if row:
                bases[about["dir"]] = store.slot_path(row[store.SLOT])
        try:
            opened.unpack(paths, bases)
            stored.rows = [list(row) for row in rows]
            components = [
                self._switch(about, slots[about["dir"]], header, active)
                for about in header["components"]
            ]
        except BaseException:
            self.reset = False
            stored.rows = rows
            self.nodes.discard()
            for slot in paths.values():
                store.remove_tree(slot)
            raise
        return components

    def _switch(self, about, slot, header, active):
        # One component's row, and what goes with it.
        stored = self.store
        id = about["id"]
        row = stored.find(id)
        self.reset = self.reset or active or (row and row[store.STATE] == uscomo_boot.ACTIVE)
        if row is None:
            self.own("Inventory/Deployed/" + id, True)
        self.sweep()  # before this slot is named: its number may have been another's
        component = stored.install(slot, int(header["signer"][:8], 16), active)
        if row and header.get("downgrade"):
            row[store.FLOOR] = min(row[store.FLOOR], about["release"])
        params = self.nodes.get(KEY + self.place + "/InstallParams")
        if params:
            # A slot's: the version that a roll-back brings back has its own.
            self.nodes.set("~params/%d" % slot, params)
        return component

    def _refused(self, header, active):
        # The result code that stands against a package, 0 for none.
        stored = self.store
        coming = [about["id"] for about in header["components"]]
        for about in header["components"]:
            id = about["id"]
            if self._blocked(id, about["version"]):
                return _BLOCKED
            row = stored.find(id)
            if row:
                pinned = store.manifest(row[store.SLOT])["signer"]
                if pinned != header["signer"]:
                    from uscomo import trust

                    # Whoever may sign packages may take over from a key that was revoked.
                    if not trust.revoked(uscomo_boot.ROOT + "/k", pinned):
                        return _SIGNATURE
                if self.foreign("Inventory/Deployed/" + id):
                    return _FAILED
                if about["release"] < row[store.FLOOR] and not header.get("downgrade"):
                    return _TOO_OLD
                if not active and row[store.STATE] == uscomo_boot.ACTIVE and self.needed(id):
                    return _FAILED
            if active and self.missing(about, coming):
                return _MISSING
            # All components share one sys.path: a name may be provided once.
            for row in stored.rows:
                other = store.manifest(row[store.SLOT])
                if other["id"] not in coming:
                    for name in about["provides"]:
                        if name in other["provides"]:
                            return _CLASH
        return 0

    def _deliver(self, error):
        # The package stays where it was fetched to, and the server finds it in the inventory.
        place = _DELIVERED + self.id
        if self.foreign(place):
            raise error(_WRONG)
        known = self.nodes.children(KEY + _DELIVERED[:-1])
        if self.id not in known:
            if len(known) >= store.MAX_PACKAGES:
                raise error(_NO_SPACE)
            self.own(place, True)
        former = self.nodes.get(KEY + place + "/Data")
        if former and int(former) != self.number:
            self.garbage = store.package_path(int(former))
        self.nodes.remove_tree(KEY + place)
        for name in _LEAVES:
            value = self.nodes.get(KEY + self.place + "/" + name)
            if value is not None:
                self.nodes.set(KEY + place + "/" + name, value)
        self.nodes.set(KEY + place + "/Data", b"%d" % self.number)
        return ()


def operate(stored, nodes, number, row, settings, feed, say):
    """Run an accepted operation, or give it up where it has no row: its result code, and whether
    a restart has to follow."""
    run = Run(stored, nodes, number, settings, feed, say)
    code = run.run(row) if row else run.finish(store.INTERRUPTED, ())
    return code, run.reset
