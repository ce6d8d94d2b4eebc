# The agent: when to open a session, what to report in it, which accepted operation to run next,
# when to try again. Never parses a byte and never touches flash but through store and nodes.
# Not in memory while a session is held or an operation runs: it says what is to be done, and is
# told how that went.
import json
import sys
from os import urandom

from uscomo import platform, store
from uscomo.constant import const

_SERVER_INITIATED = const(1200)
_CLIENT_INITIATED = const(1201)

# A report is repeated in so many sessions, a request in so many tries.
_MAX_REPORTS = const(5)
_MAX_REQUESTS = const(3)
_MAX_BACK_OFF = const(3600000)
# Alerts of one session: they have to fit its first message. The rest follows in the next one.
_MAX_ALERTS = const(4)
# While a result waits for a trial's end; milliseconds.
_TRIAL_PAUSE = const(500)
# The two bits of store.POSTPONED.
_POSTPONED = const(0x30)

_REQUEST = "~request/"
_DONE = const(1)
_UNREACHABLE = const(6)
OUTCOMES = (
    "running",
    "done",
    "credentials refused",
    "server not authentic",
    "aborted",
    "protocol error",
    "unreachable",
)

_COMPLETE = "urn:oma:at:scomo:1.0:OperationComplete"
_UPDATE = "urn:oma:at:scomo:1.1:Update%sRequest"
_INSTALL = "Reversed-Domain-Name: com.uscomo.scomo.installrequest"


def settings(nodes):
    """The device's settings: what was provisioned as "~set/<name>", and its type."""
    found = {key[5:]: nodes.get(key).decode() for key in nodes.keys("~set/")}
    kind = nodes.get("DevDetail/DevTyp")
    found["DevTyp"] = kind.decode() if kind else sys.platform
    return found


def kept(nodes):
    """Numbers of delivered packages."""
    keys = nodes.keys("SCOMO/Inventory/Delivered/")
    return [int(nodes.get(key)) for key in keys if key.endswith("/Data")]


class Alert:
    """A generic alert; `status` is the server's answer, 0 for none."""

    # Without a method, which would keep this module in memory during the session.
    code = 1226
    type = data = ""
    format = "chr"
    mark = "informational"
    source = target = correlator = subject = way = None
    items = ()  # (target, data) of each, in place of the one pair
    status = 0


class Agent:
    """step() says what is due, ended() is told how it went."""

    def __init__(self, stored, nodes, settings, feed, say):
        self.store = stored
        self.nodes = nodes
        self.settings = settings
        self.feed = feed
        self.say = say
        self.outcome = _DONE
        self.failures = 0
        self.waiting_since = platform.ticks()
        self.wait = 0
        self.polling = ()
        self.since = {}  # number of an operation: when it was postponed, or seen on trial
        self.on_answer = None  # an app's: (id, answer to its request)

    def poll(self):
        """Every server is to be asked, whether there is something to tell it or not."""
        self.polling = self.nodes.children("DMAcc")

    def step(self):
        """What is to be done now, for supervisor.perform() and then ended(), as a tuple: an
        operation's number and result row, or a session. Else in how many milliseconds it wants
        to be asked again; None when nothing is due."""
        if self.wait and platform.elapsed(self.waiting_since) < self.wait:
            return self.wait - platform.elapsed(self.waiting_since)
        self.wait = 0
        later = None
        for number in self.store.pending():
            operation = self.store.operation(number)
            if not operation or (operation["account"] == "local") != platform.cable:
                continue
            left = self._postponed(number)
            if not left:
                self.since.pop(number, None)
                return number, self.store.begin(number)
            later = min(left, later or left)
        names = self._accounts()
        # A server that is out of reach must not keep the others waiting for ever.
        first = self.failures % max(1, len(names))
        for name in names[first:] + names[:first]:
            alerts = self._reports(name)
            alerts += self._requests(name, _MAX_ALERTS - len(alerts))
            check = self.nodes.get("~check/" + name)
            if alerts or check is not None or name in self.polling:
                self.say("session %s begins" % name)
                code = _SERVER_INITIATED
                if not check:
                    code = _CLIENT_INITIATED
                    check = b"%X" % (1 + (urandom(1)[0] << 8 | urandom(1)[0]))
                sent = [alert for alert in alerts if alert.type]
                # What is on trial as an agent now: one that the session makes active has not run.
                proving = [row for row in self.store.rows if row[1] == 20 and row[3] & 3 == 3]
                return name, check, code, sent, alerts, proving
        for row in self.store.results:
            if self._is_held(row):
                return _TRIAL_PAUSE
        return later

    def _accounts(self):
        # Over the cable that of the host alone, else all but that.
        names = self.nodes.children("DMAcc")
        return [name for name in names if (name == "local") == platform.cable]

    def ended(self, work, result):
        """What step() named is done, and this came of it."""
        if len(work) == 2:
            self._operated(*work, *result)
        else:
            self._held(work[0], work[4], work[5], result)

    def _left(self, number, seconds):
        # Milliseconds until so long after it was first asked for; it starts anew with the device.
        since = self.since.setdefault(number, platform.ticks())
        return max(0, seconds * 1000 - platform.elapsed(since))

    # -- operations

    def _postponed(self, number):
        for row in self.store.results:
            if row[0] == number and row[2] & _POSTPONED:
                return self._left(number, int(self.settings.get("postpone", "3600")))
        return 0

    def _operated(self, number, row, code, reset):
        if not row:
            self.say("operation %d given up" % number)
        elif code:
            self.say("operation %d %d" % (number, code))
        elif not reset:
            self.say("operation %d postponed" % number)
            self._postponed(number)
        if reset:
            # What runs has changed: start over with a clean heap and the new sys.path.
            platform.reset()

    # -- sessions

    def _held(self, name, alerts, proving, outcome):
        self.outcome = outcome
        self.say("session %s %s" % (name, OUTCOMES[outcome]))
        check = "~check/" + name
        self.polling = [waiting for waiting in self.polling if waiting != name]
        self.nodes.discard()
        good = outcome == _DONE
        for alert in alerts:
            if alert.type == _COMPLETE:
                self._reported(alert)
            else:
                self._answered(alert, name, good)
        if good:
            self.failures = 0
            if self.nodes.get(check) is not None:  # no write where nothing has changed
                self.nodes.remove(check)
            self._prove(proving)
        else:
            self.failures += 1
            base = int(self.settings.get("retry", "5000"))
            self.wait = min(base << min(self.failures - 1, 10), _MAX_BACK_OFF)
            self.waiting_since = platform.ticks()
            if self.failures >= _MAX_REQUESTS:
                self.nodes.remove(check)
        self.nodes.commit()
        if self.store.restart:
            platform.reset()

    def _prove(self, proving):
        # A new agent has held a good session: that was its trial.
        for row in proving:
            from uscomo import lifecycle

            lifecycle.confirm(self.store, row, self.say)

    # -- reports: OperationComplete, until the server has answered

    def _is_held(self, row):
        # A result that says "on trial", while it is true: how the trial ends is what counts.
        if row[1] == store.ON_TRIAL:
            for component in self.store.rows:
                if component[store.COMPONENT] == row[3]:
                    return component[store.FLAGS] & 1 and component[store.STATE] == 20
        return False

    def _reports(self, name):
        alerts = []
        numbers = []
        for row in self.store.results:
            if row[1] and row[0] not in numbers:
                numbers.append(row[0])
        for number in numbers[:]:
            rows = [row for row in self.store.results if row[0] == number]
            if len(alerts) >= _MAX_ALERTS:
                break
            held = [row for row in rows if self._is_held(row)]
            if held:
                limit = int(self.settings.get("trial_report", "600"))
                # Once, where it takes long.
                if rows[0][2] & store.TOLD or self._left(number, limit):
                    continue
            operation = self.store.operation(number)
            account = operation and operation["account"]
            if not account or (account != name and not self.nodes.children("DMAcc/" + account)):
                # Never answered with 202, or the account is closed: nobody waits for it.
                self.store.reported(number)
            elif account == name:
                if not held and rows[0][2] & store.TRIED:
                    # Its trial is over.
                    for row in rows:
                        row[2] = 0
                    self.say("operation %d %d" % (number, max(row[1] for row in rows)))
                alerts.append(self._report(number, rows, operation, held))
        return alerts

    def _report(self, number, rows, operation, held):
        place = operation["place"]
        root = operation["uri"][: operation["uri"].rfind(place)] + "Inventory/"
        items = []
        for _, code, _, component in rows:
            identifier = operation.get("id", "")
            target = None
            if operation["primitive"] == "Download" and code < 1300:
                target = root + "Delivered/" + place.rsplit("/", 1)[-1]
            for row in self.store.rows:
                if row[store.COMPONENT] == component:
                    identifier = store.manifest(row[store.SLOT])["id"]
                    target = root + "Deployed/" + identifier
            data = "<ResultCode>%d</ResultCode><Identifier>%s</Identifier>" % (code, identifier)
            items.append((target, data))
        code = max(row[1] for row in rows)
        mark = "informational" if code < 1300 else "warning" if code == 1401 else "critical"
        alert = Alert()
        alert.type = _COMPLETE
        alert.format = "text/plain"
        alert.mark = mark
        alert.source = operation["uri"]
        alert.items = items
        alert.correlator = operation["correlator"]
        alert.subject = number
        alert.way = held
        return alert

    def _reported(self, alert):
        if not alert.status and self.outcome == _UNREACHABLE:
            return  # being out of reach for a night must not lose a report
        rows = [row for row in self.store.results if row[0] == alert.subject]
        if alert.status:
            self.say("report %d answered: %d" % (alert.subject, alert.status))
        elif rows[0][2] & store.COUNT < _MAX_REPORTS:
            rows[0][2] += 1
            self.store.commit()
            return
        else:
            self.say("report %d given up" % alert.subject)
        if alert.way:
            # That the trial goes on; how it ends will be told again.
            rows[0][2] = store.TOLD | store.TRIED
            self.store.commit()
        else:
            self.store.reported(alert.subject)

    # -- requests: install or update, asked for by the user or by the device

    def request(self, kind, id, cause, account=None):
        """Queue a request, durable at once: kind "install" or "update", cause "User", "Device"."""
        accounts = self.nodes.children("DMAcc")
        if account is None:
            account = (self._accounts() + accounts + [None])[0]
        if account not in accounts:
            raise ValueError("no such account")
        self.wait = 0
        for key in self.nodes.keys(_REQUEST):
            entry = json.loads(self.nodes.get(key))
            if (entry["kind"], entry["id"], entry["account"]) == (kind, id, account):
                return  # asked already, not answered yet
        numbers = [int(key[len(_REQUEST) :]) for key in self.nodes.keys(_REQUEST)]
        number = max(numbers) + 1 if numbers else 1
        entry = {"kind": kind, "id": id, "cause": cause, "account": account, "tries": 0}
        self.nodes.set(_REQUEST + str(number), json.dumps(entry).encode())
        self.nodes.commit()

    def notified(self, account, session_id):
        """A server asked for a session: kept until it was held, or tried often enough."""
        self.wait = 0
        self.nodes.set("~check/" + account, session_id)
        self.nodes.commit()

    def check(self):
        """Queue a session with every account that asks for nothing."""
        self.wait = 0
        for name in self.nodes.children("DMAcc"):
            # A server that waits for this device with a session id gets it with that.
            if self.nodes.get("~check/" + name) is None:
                self.nodes.set("~check/" + name, b"")
        self.nodes.commit()

    def _requests(self, name, room):
        alerts = []
        for key in self.nodes.keys(_REQUEST):
            if len(alerts) >= room:
                break
            entry = json.loads(self.nodes.get(key))
            if entry["account"] == name:
                alerts.append(self._ask(key, entry, name))
        return alerts

    def _ask(self, key, entry, name):
        types = self._types(name)
        root = self.nodes.get("DMAcc/" + name + "/Ext/ScomoRoot")
        root = "./" + (root.decode() if root else "SCOMO")
        alert = Alert()
        alert.subject = key, entry
        alert.way = types[0]
        if types[0] == "update":
            alert.type = _UPDATE % entry["cause"]
            if entry["kind"] == "install":
                alert.source = root
                alert.data = entry["id"]
            elif entry["id"]:
                alert.source = root + "/Inventory/Deployed/" + entry["id"]
        elif types[0] == "install":
            alert.type = _INSTALL
            alert.data = entry["id"]
        # "none": a plain session, the server offers what it has for us.
        return alert

    def _types(self, name):
        # The account's order of preference, less what its server did not know.
        value = self.nodes.get("DMAcc/" + name + "/Ext/RequestTypes")
        types = (value.decode() if value else "update,install,none").split(",")
        unknown = self.nodes.get("~unknown/" + name)
        return types[min(int(unknown or b"0"), len(types) - 1) :]

    def _answered(self, alert, name, good):
        key, entry = alert.subject
        answer = None
        if alert.status in (406, 415) and len(self._types(name)) > 1:
            # Not known to this server: the next way of asking, at once, for all that asked so.
            if self._types(name)[0] == alert.way:
                skipped = int(self.nodes.get("~unknown/" + name) or b"0") + 1
                self.nodes.set("~unknown/" + name, b"%d" % skipped)
            return
        if alert.status == 200 and good:
            # Where the user has said no to it in the session, it is none.
            answer = "installing" if self.store.pending() else "refused"
        elif alert.status == 202:
            answer = "nothing available"
        elif alert.status in (406, 415):
            answer = "not supported"
        elif alert.status and alert.status != 200:
            answer = "refused"
        elif good:
            answer = "installing" if self.store.pending() else "nothing available"
        else:
            entry["tries"] += 1
            if entry["tries"] >= _MAX_REQUESTS:
                answer = "no connection" if self.outcome == _UNREACHABLE else "refused"
        if answer:
            self.say("request %s %s" % (entry["id"], answer))
            if self.on_answer:
                self.on_answer(entry["id"], answer)
            self.nodes.remove(key)
        else:
            self.nodes.set(key, json.dumps(entry).encode())
