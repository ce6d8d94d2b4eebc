# What an operation does to what is there already: activate, deactivate, remove, roll back. Runs
# after a session, or in it for an account that wants its answers at once. Never moves a
# package's bytes. Result codes and Status values: SCOMO, sections 3.5, 4 and 7 of the digest.
import uscomo_boot
from uscomo import consent, store
from uscomo.constant import const
from uscomo.nodes import MAX_KEY

OK = const(1200)
REFUSED = const(1401)
# No code: the user wants to be asked again.
LATER = const(0)
_ROLLED_BACK = const(1251)
_UNANSWERED = const(1450)
_MISSING = const(1458)

# Where the SCOMO object keeps its nodes, whatever its root is called in an account's tree.
KEY = const("SCOMO/")
IDLE = const(10)

# Status while it runs, Status and result code when it has failed.
STEPS = {
    "Download": (30, 20, 1402),
    "DownloadInstall": (30, 70, 1405),
    "DownloadInstallInactive": (30, 70, 1405),
    "Install": (40, 50, 1405),
    "InstallInactive": (40, 50, 1405),
    "Remove": (30, 20, 1408),
    "Activate": (50, 40, 1409),
    "Deactivate": (70, 60, 1410),
    "Rollback": (50, 40, 1405),
}


class Change:
    """One operation; run() says how it ended: result code and component numbers."""

    def __init__(self, stored, nodes, operation, say):
        self.store = stored
        self.nodes = nodes
        self.operation = operation
        self.say = say
        self.primitive = operation["primitive"]
        self.place = operation["place"]
        self.id = self.place.rsplit("/", 1)[-1]
        self.reset = False  # what runs has changed, or room has to be made for it
        self.garbage = None  # a package that is of no use once the result is on flash

    def leaf(self, name):
        """A leaf of the operation's place as a text, "" for none."""
        return (self.nodes.get(KEY + self.place + "/" + name) or b"").decode()

    def agreed(self, question):
        """OK, REFUSED or LATER: what the user, or who set this device up, says to it."""
        # "unless-asked" trusts the server's own question in the session that accepted this.
        wanted = self.nodes.get("~set/ask") or b"unless-asked"
        if wanted == b"never" or (wanted == b"unless-asked" and self.operation["asked"]):
            return OK
        if self.nodes.get("DMAcc/" + self.operation["account"] + "/Ext/Silent") == b"1":
            return OK
        answer = consent.ask(question)
        if answer == consent.YES:
            return OK
        return REFUSED if answer in (consent.NO, consent.UNSUPPORTED) else LATER

    def status(self, value):
        """Tell how far it has come."""
        self.say("status %s %d" % (self.place, value))

    def end(self, value):
        """Leave a Status behind in the tree."""
        self.status(value)
        key = KEY + self.place + "/Status"
        if value != IDLE:
            self.nodes.set(key, b"%d" % value)
        elif self.nodes.get(key) is not None:
            self.nodes.remove(key)

    def own(self, place, allowed):
        """Give a node that the client makes or removes its ACL, or take that away."""
        server = self.nodes.get("DMAcc/" + self.operation["account"] + "/ServerID")
        rights = ("Add", "Delete", "Exec", "Get", "Replace")
        # The node is one, whatever the object is called in each account's tree.
        for name in self.nodes.children("DMAcc"):
            root = self.nodes.get("DMAcc/" + name + "/Ext/ScomoRoot") or b"SCOMO"
            key = "?" + root.decode() + "/" + place
            # Also what a former owner has left below it.
            self.nodes.remove_tree(key)
            # No URI is longer than a key may be.
            if allowed and server and len(key.encode()) <= MAX_KEY:
                acl = b"&".join([right.encode() + b"=" + server for right in rights])
                self.nodes.set(key, acl)

    def foreign(self, place):
        """Whether a node that a client made is another server's, which alone may change it."""
        account = "DMAcc/" + self.operation["account"]
        root = self.nodes.get(account + "/Ext/ScomoRoot") or b"SCOMO"
        acl = self.nodes.get("?" + root.decode() + "/" + place)
        for entry in acl.split(b"&") if acl else ():
            if entry[:8] == b"Replace=":
                ids = entry[8:].split(b"+")
                return b"*" not in ids and self.nodes.get(account + "/ServerID") not in ids
        return bool(acl)

    def at_once(self):
        """The result code of an operation in a session; the record is written."""
        code = self.agreed(self.primitive + " " + self.id + "?") or _UNANSWERED
        if code == OK:
            code = self.run()[0]
        if code < 1300:
            self.store.restart = self.store.restart or self.reset
        else:
            self.end(STEPS[self.primitive][1])
        if self.reset:
            self.store.plan_restart()
        self.store.commit()
        return code

    def run(self):
        """Do it, but for the record's commit."""
        primitive = self.primitive
        if "/Delivered/" in self.place:
            number = self.leaf("Data")
            if number:
                self.garbage = store.package_path(int(number))
            self.nodes.remove_tree(KEY + self.place)
            self.own(self.place, False)
            return OK, ()
        return self._change(primitive, self.store.find(self.id))

    def _change(self, primitive, row):
        stored = self.store
        failed = STEPS[primitive][2], ()
        if row is None:
            return failed
        active = row[store.STATE] == uscomo_boot.ACTIVE
        components = (row[store.COMPONENT],)
        if primitive == "Rollback":
            from uscomo import lifecycle

            try:
                lifecycle.roll_back(stored, row, self.say)
            except ValueError:
                return failed
            self.end(IDLE)
            self.reset = True
            return _ROLLED_BACK, components
        if primitive == "Activate":
            if not active:
                if self.missing(store.manifest(row[store.SLOT]), ()):
                    return _MISSING, ()
                row[store.STATE] = uscomo_boot.ACTIVE
                row[store.TRIES] = store.ATTEMPTS
        elif active and self.needed(self.id):
            return failed
        else:
            # A trial that is ended like this has not failed.
            stored.conclude(components[0], OK)
            if primitive == "Deactivate":
                row[store.STATE] = uscomo_boot.INACTIVE
            else:
                stored.rows.remove(row)
                self.sweep()
                self.nodes.remove("~error/" + self.id)
                self.nodes.remove_tree(KEY + self.place)
                self.own(self.place, False)
                self.reset = True
                return OK, ()
        self.end(IDLE)
        self.reset = active != (row[store.STATE] == uscomo_boot.ACTIVE)
        return OK, components

    def sweep(self):
        """Forget the parameters of slots that are no more."""
        used = [str(row[at]) for row in self.store.rows for at in (store.SLOT, store.FALL_BACK)]
        for key in self.nodes.keys("~params/"):
            if key[8:] not in used:
                self.nodes.remove(key)

    def missing(self, about, coming):
        """Whether a component needs one that is neither active nor coming with it."""
        for id in about.get("requires", ()):
            row = self.store.find(id)
            if id not in coming and (row is None or row[store.STATE] != uscomo_boot.ACTIVE):
                return True
        return False

    def needed(self, id):
        """Whether another active component requires this one."""
        for row in self.store.rows:
            if row[store.STATE] == uscomo_boot.ACTIVE:
                about = store.manifest(row[store.SLOT])
                if about["id"] != id and id in about.get("requires", ()):
                    return True
        return False
