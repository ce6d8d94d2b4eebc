# The talk phase: one DM session over HTTP, with everything it needs put together.
# Imported for a session and let go after it. Never decides when to talk, nor what to report.
import uscomo_boot
from uscomo import dmacc, http, platform
from uscomo.constant import const
from uscomo.scomo import Scomo
from uscomo.session import PROTOCOL_ERROR, RUNNING, Session
from uscomo.tree import Tree

# No connection, or the transport broke: beside the outcomes of `session`.
UNREACHABLE = const(6)

_TYPE = "application/vnd.syncml.dm+wbxml"
# A server that always has one more command must not keep the apps waiting for ever.
_MAX_MESSAGES = const(64)
_MAX_OBJ_SIZE = const(4 << 20)
_TIMEOUT_S = const(30)


class Talk:
    """One account's session: its tree, its buffers; run() it over HTTP or drive it by hand."""

    proof = ""  # what the server's transport said beside its message
    format = None  # what makes XML of messages, and WBXML of XML

    def __init__(self, stored, nodes, account, interact, receive, send):
        from uscomo import devinfo

        self.account = account
        self.nodes = nodes
        self.scomo = Scomo(stored, nodes, account)
        about = devinfo.values(nodes)
        self.device_id = about[0][1]
        self._about = about
        self._interact = interact
        mounts = (
            ("DevInfo", None),
            ("DevDetail", None),
            ("DMAcc", None),
            ("Inbox", None),
            (account.scomo_root, self.scomo),
        )
        tree = self.tree = Tree(mounts, nodes, account.server_id, self._open)
        self.send = send
        self.session = Session(account, tree, self._asked, receive, send)
        self.session.commands.max_obj_size = min(_MAX_OBJ_SIZE, platform.free(uscomo_boot.ROOT))
        if account.format == b"xml":
            try:
                from uscomo.xml import Session as form
            except ImportError:
                return
            self.format = form(self.session)

    def _open(self, name):
        # A standard object, when it is asked for.
        return standard(name, self.nodes, self.tree)

    def start(self, session_id, code, alerts):
        """Package 1: its length in the send buffer."""
        return self.session.start(session_id, self.device_id, code, alerts, self._device_info)

    def _device_info(self):
        for name, value in self._about:
            yield "./DevInfo/" + name, value

    def _asked(self, code, texts):
        status, answer = self._interact(code, texts)
        if code == 1101:
            self.scomo.asked = status == 200
        return status, answer

    def run(self, session_id, code, alerts, feed):
        """Hold the whole session; returns its outcome."""
        session = self.session
        length = self.start(session_id, code, alerts)
        if not length:
            return session.outcome
        addresses = self.account.addresses
        try:
            left = _MAX_MESSAGES
            while left:
                try:
                    received = self._exchange(length, feed)
                except (http.HttpError, OSError):
                    # Where nobody answers the account may have another address.
                    addresses = addresses[1:]
                    if left < _MAX_MESSAGES or not addresses:
                        raise
                    session.url = addresses[0]
                    continue
                # What of `http` reads an answer, where it is apart: see the tools' device.layout.
                platform.let_go(("answer",))
                if not received:
                    return session.outcome or PROTOCOL_ERROR
                length = session.receive(received, self.proof)
                if not length:
                    break
                # Messages with parts of an object come on top.
                if not (session.commands.coming or session.commands.sent):
                    left -= 1
            else:
                length = session.abort()
                if length:
                    self._exchange(length, feed)
        except (http.HttpError, OSError):
            return UNREACHABLE
        except ValueError:
            return PROTOCOL_ERROR  # an address that is no text
        finally:
            session.end()
            self.account.save_nonces()
        return PROTOCOL_ERROR if session.outcome == RUNNING else session.outcome

    def _exchange(self, length, feed):
        # One message out, one in; 0 where what came is no DM message of a size that fits.
        headers = [("Content-Type", _TYPE), ("Accept", _TYPE), ("User-Agent", "uscomo")]
        proof = self.session.proof(length)
        if proof:
            headers.append(("x-syncml-hmac", proof))
        url = bytes(self.session.url).decode()
        body = memoryview(self.send)[:length]
        if self.format:
            body = self.format.send(headers, body)
        # What begins a session is hardly needed in the middle of it.
        platform.let_go(("devinfo", "devdetail", "digest", "md5", "mac"))
        response = http.request("POST", url, headers, body, _TIMEOUT_S, feed)
        try:
            if response.status != 200:
                return 0
            self.proof = response.proof
            space = self.session.space()
            if not response.content_type.endswith("+wbxml"):
                return self.format.receive(response, space) if self.format else 0
            received = 0
            while received < len(space):
                got = response.readinto(space[received:])
                if not got:
                    return received
                received += got
            return 0
        finally:
            response.close()


def standard(name, nodes, tree):
    """One of the standard objects, by its root."""
    if name == "DMAcc":
        from uscomo.accounts import Accounts

        return Accounts(nodes, tree)
    if name == "Inbox":
        from uscomo.inbox import Inbox

        return Inbox()
    from uscomo.leaves import Leaves

    if name == "DevInfo":
        from uscomo.devinfo import MOID, values
    else:
        from uscomo.devdetail import MOID, values
    return Leaves(MOID, values(nodes))


def _interact(code, texts):
    from uscomo import dialogs

    return dialogs.interact(code, texts)


def talk(stored, nodes, name, session_id, code, alerts, receive, send, feed):
    """Hold a session with an account, in two buffers; returns its outcome."""
    held = Talk(stored, nodes, dmacc.Account(nodes, name), _interact, receive, send)
    return held.run(session_id, code, alerts, feed)
