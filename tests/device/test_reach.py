# A way that the device opens to its server for package 0: when it is opened, kept and given up.
from support import temporary_root
from uscomo import digest, dmacc, net, nodes, platform, reach, store


class Sock:
    """A socket out of which datagrams go, while there is a network."""

    def __init__(self):
        self.sent = []
        self.up = True
        self.came = []

    def sendto(self, data, address):
        if not self.up:
            raise OSError(113)
        self.sent.append(bytes(data))

    def poll(self, timeout):
        return self.came

    def recv(self, size):
        return self.came.pop(0)[:size]


class Case:
    """A device with an account, whose time passes as it is told."""

    def __init__(self, url="http://127.0.0.1/dm", kind=b"DIGEST", networks=()):
        temporary_root()
        self.nodes = nodes.Nodes(store.Store())
        base = "DMAcc/main/"
        values = {
            "DevInfo/DevId": b"urn:d",
            base + "ServerID": b"srv",
            base + "AppAddr/1/Addr": url.encode(),
        }
        if kind:
            values[base + "AppAuth/2/AAuthLevel"] = b"SRVCRED"
            values[base + "AppAuth/2/AAuthType"] = kind
            values[base + "AppAuth/2/AAuthSecret"] = b"secret"
            values[base + "AppAuth/2/AAuthData"] = b"first"
        for name in networks:
            values["~net/" + name] = b""
        for key in values:
            self.nodes.set(key, values[key])
        self.nodes.commit()
        self.now = 0
        self.joined = 0

    def __enter__(self):
        self.kept = platform.ticks, platform.elapsed, net.join
        platform.ticks = lambda: self.now
        platform.elapsed = lambda since: self.now - since
        net.join = self.join
        self.way = reach.Outward(7000, {}, None)
        self.way.close()
        self.sock = self.way._socket = self.way._poll = Sock()
        return self

    def __exit__(self, *exception):
        platform.ticks, platform.elapsed, net.join = self.kept

    def join(self, settings, say, nodes):
        self.joined += 1
        return self.sock.up

    def turn(self, seconds=0):
        """Time passes; the agent is woken where the way wants it. Whether it was."""
        self.now += seconds * 1000
        if not self.way.waiting():
            return False
        self.way.poll(self.nodes)
        return True


def shown(nonce):
    trigger = b"USC1\x05urn:d"
    told = b":" + digest.base64(digest.md5(trigger))
    return digest.credential(b"srv", b"secret", nonce + told) + trigger


def test_a_way_is_opened_and_kept_without_waking_anybody():
    with Case() as case:
        assert case.turn() is True
        assert case.sock.sent == [shown(b"first")]
        assert [case.turn(5) for _ in range(4)] == [False] * 4
        assert len(case.sock.sent) == 1
        assert case.turn(5) is False
        assert case.sock.sent == [shown(b"first")] * 2


def test_it_proves_itself_with_the_nonce_of_the_last_session():
    with Case() as case:
        case.turn()
        account = dmacc.Account(case.nodes, "main")
        account.server_nonce = b"second"
        account.save_nonces()
        # After a session the agent is awake.
        case.way.poll(case.nodes)
        case.way.poll(case.nodes)
        assert case.sock.sent == [shown(b"first"), shown(b"second")]


def test_a_network_that_is_lost_is_joined_again_slower_and_slower():
    with Case(networks=("home",)) as case:
        case.turn()
        case.sock.up = False
        assert case.turn(25) is False and case.joined == 0
        woken = []
        for second in range(0, 4000, 5):
            if case.turn(5):
                woken.append(second + 5)
        # After 25 s, and twice as long each time.
        assert woken == [25, 75, 175, 375, 775, 1575, 3175], woken
        assert case.joined == len(woken)
        case.sock.up = True
        for _ in range(800):
            case.turn(5)
        assert case.sock.sent[-1] == shown(b"first")
        assert len(case.sock.sent) > 10


def test_who_cannot_check_a_call_opens_no_way():
    with Case(kind=b"") as case:
        case.turn()
        assert case.sock.sent == [] and case.joined == 0


def test_a_server_whose_name_is_not_found():
    with Case(url="http://[/dm") as case:
        case.turn()
        assert case.sock.sent == []
