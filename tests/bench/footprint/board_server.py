# A server without a network: stands where http.connect makes streams, and gives the recorded
# answers in the order of the requests.
class Server:
    # `answers` are (media type, bytes) or (media type, path of a file), one a request.
    def __init__(self, answers):
        self.answers = answers
        self.connections = 0
        self.up = self.down = 0  # of bodies

    def connect(self, host, port):
        self.connections += 1
        return Stream(self, *self.answers[self.connections - 1])


class Stream:
    def __init__(self, server, media_type, body):
        import io
        import os

        self.server = server
        if isinstance(body, str):
            size = os.stat(body)[6]
            self.body = open(body, "rb")  # noqa: SIM115 (closed by close)
        else:
            size = len(body)
            self.body = io.BytesIO(body)
        head = "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
        self.head = io.BytesIO((head % (media_type, size)).encode())
        self.writes = 0

    def write(self, view):
        # `http` writes the head as one piece, the body after it.
        self.writes += 1
        if self.writes > 1:
            self.server.up += len(view)
        return len(view)

    def readinto(self, view):
        count = self.head.readinto(view)
        if not count:
            count = self.body.readinto(view)
            self.server.down += count
        return count

    def close(self):
        self.body.close()
