# The fast lane's end on the board, see transfer.py: a stream of files in frames, which are taken
# in the order of their positions in the stream, checked, inflated and written.
#
# A stream is entries of: length of the path u8 (0: the last), offset u32, size u32, SHA-256 of the
# whole file, path, the octets from the offset on. An entry is written to PATH.part and renamed
# when its hash is right; what is cut off stays there, and a later stream begins behind it. A small
# one is held in RAM until its hash is right; littlefs then replaces the file at once, with half
# the work of a file that is renamed.
#
# A frame of data says its position in the stream (u16) and how many octets can be inflated by what
# has come with it: so inflating never runs into an end that is none. Answers carry the position
# that is wanted next. What is damaged or not next is answered after the line has become silent.
import os
import sys
from binascii import crc32
from hashlib import sha256
from io import BytesIO
from select import poll
from struct import pack_into, unpack_from

from micropython import kbd_intr


def uscomo_receive(room, wbits, late, size, keep):
    # room: octets of data in a frame; wbits: of a deflated stream, 0: it is none; late: answer
    # when a frame is written, for ports that lose what comes meanwhile; size: of the buffer; keep:
    # the size of the largest file that is held in it.
    read = sys.stdin.buffer.readinto
    poller = poll()
    poller.register(sys.stdin, 1)
    frame = memoryview(bytearray(room + 13))
    block = memoryview(bytearray(size))
    answer = memoryview(bytearray(11))
    fifo = BytesIO(room)
    position = ready = end = idle = 0
    timer = None
    closed = False

    def say(kind):
        pack_into("<BBBHH", answer, 0, 30, kind, 0, 2, position)
        pack_into("<I", answer, 7, crc32(answer[1:7]))
        sys.stdout.buffer.write(answer)

    def silence():
        while poller.poll(50):
            read(answer[:1])

    def tick(timer):
        # A read that waits for the rest of a frame has no time-out: at least Ctrl-C ends it.
        nonlocal idle
        idle += 1
        if idle > 2:
            kbd_intr(3)

    def pull():
        nonlocal position, ready, end, idle, closed
        if late:
            say(65)
        while True:
            if not poller.poll(2000):
                raise OSError(110)
            idle = 0
            read(frame[:5])
            flag, kind, _, n = unpack_from("<BBBH", frame)
            if flag == 30 and n <= room + 4:
                read(frame[5 : n + 9])
                if crc32(frame[1 : n + 5]) == unpack_from("<I", frame, n + 5)[0]:
                    if kind == 67:
                        closed = True
                        raise EOFError
                    ahead = unpack_from("<H", frame, 5)[0] - position & 65535
                    if not ahead:
                        break
                    if ahead >> 15:  # known already: the answer was lost
                        say(65)
                        continue
            silence()
            say(78)
        ready = unpack_from("<H", frame, 7)[0]
        position = position + n - 4 & 65535
        if not late:
            say(65)
        at = fifo.tell()
        if at == end:
            at = end = 0
        fifo.seek(end)
        end += fifo.write(frame[9 : n + 5])
        fifo.seek(at)

    def fill(n):
        nonlocal ready
        at = 0
        while at < n:
            while not ready:
                pull()
            got = source.readinto(block[at : min(n, at + ready)])
            if not got:
                raise EOFError
            at += got
            ready -= got

    kbd_intr(-1)
    try:
        try:
            from machine import Timer

            timer = Timer(-1)
            timer.init(period=1000, callback=tick)
        except Exception:
            pass  # not every port has one
        source = fifo
        if wbits:
            from deflate import RAW, DeflateIO

            source = DeflateIO(fifo, RAW, wbits)
        if not late:
            say(65)
        while True:
            fill(41)
            n, offset, left = unpack_from("<BII", block)
            if not n:
                break
            digest = bytes(block[9:41])
            fill(n)
            path = str(block[:n], "utf8")
            hash = sha256()
            if left <= keep and not offset:
                fill(left)
                hash.update(block[:left])
                if hash.digest() != digest:
                    raise ValueError(path)
                with open(path, "wb") as file:
                    file.write(block[:left])
                continue
            part = path + ".part"
            with open(part, "r+b" if offset else "wb") as file:
                left -= offset
                while offset:
                    n = file.readinto(block[: min(size, offset)])
                    hash.update(block[:n])
                    offset -= n
                while left:
                    n = min(size, left)
                    fill(n)
                    hash.update(block[:n])
                    file.write(block[:n])
                    left -= n
            if hash.digest() != digest:
                os.remove(part)
                raise ValueError(path)
            os.rename(part, path)
        try:
            pull()
        except (EOFError, OSError):
            pass  # the host has heard it all, or is gone
    finally:
        if not closed:  # behind that frame nothing comes
            silence()
        if timer:
            timer.deinit()
        kbd_intr(3)
