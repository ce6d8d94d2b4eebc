# Alerts that a device tells in a session: several at once, with many Items, over as many messages
# as they need; and what the server says to them. Imported where there are any.
# Rules: OMA DM Protocol 1.2, section 8.7: 1226, generic alerts, and 1224, a client's event.
from uscomo.constant import const
from uscomo.wbxml import Full

# What fits no message after so many is not told.
_MAX_TRIES = const(3)


class Reports:
    """tell() what fits, until nothing is `waiting`."""

    def __init__(self, writer, alerts):
        self.writer = writer
        self.alerts = alerts
        # The alert that is told only in part, and what was told: (message, command, alert).
        self._partial = None
        self._told = []
        self.waiting = self._report()

    def end(self):
        """Nothing more will come: what is told in part has no answer."""
        if self._partial:
            self._partial.status = 0

    def tell(self, msg_id):
        """What does not fit this message goes into the next one."""
        self._msg_id = msg_id
        for _ in self.waiting or ():
            return
        self.waiting = None

    def answered(self, msg_id, reference, code):
        """The server's Status for one of our commands."""
        for told in self._told:
            if told[:2] == (msg_id, reference):
                # One Status for all Items or one for each: the worst speaks for the alert.
                told[2].status = max(told[2].status, code)

    def _report(self):
        for alert in self.alerts:
            items = alert.items or ((alert.target, alert.data),)
            self._partial = alert
            at = tries = 0
            # What fits no message is not told.
            while at < len(items) and tries < _MAX_TRIES:
                start = at
                at = self._write(alert, items, start)
                tries = 0 if at > start else tries + 1
                if at < len(items):
                    yield
            self._partial = None

    def _write(self, alert, items, at):
        # As many items as fit, in an Alert of their own; returns the first that did not.
        writer = self.writer
        mark = writer.mark()
        start = at
        # Room for the END behind every item.
        writer.limit -= 1
        try:
            writer.alert(alert.code, alert.correlator)
            while at < len(items):
                target, data = items[at]
                end = writer.mark()
                writer.item(alert.source, target, alert.format, alert.type, data, alert.mark)
                at += 1
        except Full:
            writer.roll_back(end if at > start else mark)
        writer.limit += 1
        if at > start:
            writer.end()
            self._told.append((self._msg_id, mark[2] + 1, alert))
        return at
