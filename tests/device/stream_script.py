# A scripted network for tests of http and what stands on it.
from uscomo import http


class Stream:
    # Plays the pieces of `script`: bytes to read, None for "nothing yet", an errno to raise.
    def __init__(self, script, step=1000):
        self.script = list(script)
        self.step = step  # bytes that one write takes
        self.sent = b""
        self.closed = 0

    def readinto(self, view):
        if not self.script:
            return 0
        piece = self.script.pop(0)
        if piece is None:
            return None
        if isinstance(piece, int):
            raise OSError(piece, "scripted")
        count = min(len(view), len(piece))
        view[:count] = piece[:count]
        if count < len(piece):
            self.script.insert(0, piece[count:])
        return count

    def write(self, view):
        count = min(self.step, len(view))
        self.sent += bytes(view[:count])
        return count

    def close(self):
        self.closed += 1


class Link:
    # Stands in for http.connect while entered and hands out the given streams in turn.
    def __init__(self, *streams):
        self.waiting = list(streams)
        self.used = []
        self.asked = []
        self.wraps = []  # what is put around each, None for nothing

    def connect(self, host, port, wrap=None):
        self.asked.append((host, port))
        self.wraps.append(wrap)
        if not self.waiting:
            raise OSError(111, "refused")
        self.used.append(self.waiting.pop(0))
        return self.used[-1]

    def __enter__(self):
        self.real = http.connect
        http.connect = self.connect
        return self

    def __exit__(self, *exception):
        http.connect = self.real
