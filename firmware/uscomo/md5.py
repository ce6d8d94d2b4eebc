# MD5 for boards whose firmware has none. Arithmetic in 16-bit halves: 32-bit words would be big
# integers on the board, 25 KB of garbage a block. Rules: RFC 1321. Slow: for credentials only.
import struct

from uscomo.constant import const

_HALF = const(0xFFFF)

_SHIFTS = b"\x07\x0c\x11\x16\x05\x09\x0e\x14\x04\x0b\x10\x17\x06\x0a\x0f\x15"

# floor(abs(sin(i + 1)) * 2**32), little endian.
_SINES = (
    b"x\xa4j\xd7V\xb7\xc7\xe8\xdbp $\xee\xce\xbd\xc1"
    b"\xaf\x0f|\xf5*\xc6\x87G\x13F0\xa8\x01\x95F\xfd"
    b"\xd8\x98\x80i\xaf\xf7D\x8b\xb1[\xff\xff\xbe\xd7\\\x89"
    b'"\x11\x90k\x93q\x98\xfd\x8eCy\xa6!\x08\xb4I'
    b"b%\x1e\xf6@\xb3@\xc0QZ^&\xaa\xc7\xb6\xe9"
    b"]\x10/\xd6S\x14D\x02\x81\xe6\xa1\xd8\xc8\xfb\xd3\xe7"
    b"\xe6\xcd\xe1!\xd6\x077\xc3\x87\r\xd5\xf4\xed\x14ZE"
    b"\x05\xe9\xe3\xa9\xf8\xa3\xef\xfc\xd9\x02og\x8aL*\x8d"
    b'B9\xfa\xff\x81\xf6q\x87"a\x9dm\x0c8\xe5\xfd'
    b"D\xea\xbe\xa4\xa9\xcf\xdeK`K\xbb\xf6p\xbc\xbf\xbe"
    b"\xc6~\x9b(\xfa'\xa1\xea\x850\xef\xd4\x05\x1d\x88\x04"
    b"9\xd0\xd4\xd9\xe5\x99\xdb\xe6\xf8|\xa2\x1feV\xac\xc4"
    b'D")\xf4\x97\xff*C\xa7#\x94\xab9\xa0\x93\xfc'
    b"\xc3Y[e\x92\xcc\x0c\x8f}\xf4\xef\xff\xd1]\x84\x85"
    b"O~\xa8o\xe0\xe6,\xfe\x14C\x01\xa3\xa1\x11\x08N"
    b"\x82~S\xf75\xf2:\xbd\xbb\xd2\xd7*\x91\xd3\x86\xeb"
)


def md5(data):
    """MD5 of some bytes: 16 bytes."""
    size = len(data)
    tail = bytearray(128 if size % 64 > 55 else 64)
    whole = size - size % 64
    tail[: size - whole] = data[whole:]
    tail[size - whole] = 0x80
    struct.pack_into("<I", tail, len(tail) - 8, size << 3)
    # The four words as (low, high) halves: a, b, c, d.
    state = [0x2301, 0x6745, 0xAB89, 0xEFCD, 0xDCFE, 0x98BA, 0x5476, 0x1032]
    for start in range(0, whole, 64):
        _block(state, data, start)
    for start in range(0, len(tail), 64):
        _block(state, tail, start)
    return struct.pack("<8H", *state)


def _block(state, data, start):
    al, ah, bl, bh, cl, ch, dl, dh = state
    for i in range(64):
        turn = i >> 4
        if turn == 0:
            fl = bl & cl | ~bl & dl
            fh = bh & ch | ~bh & dh
            word = i
        elif turn == 1:
            fl = dl & bl | ~dl & cl
            fh = dh & bh | ~dh & ch
            word = 5 * i + 1 & 15
        elif turn == 2:
            fl = bl ^ cl ^ dl
            fh = bh ^ ch ^ dh
            word = 3 * i + 5 & 15
        else:
            fl = cl ^ (bl | ~dl & _HALF)
            fh = ch ^ (bh | ~dh & _HALF)
            word = 7 * i & 15
        at = start + word * 4
        sine = i * 4
        low = (fl & _HALF) + al + data[at] + (data[at + 1] << 8)
        low += _SINES[sine] + (_SINES[sine + 1] << 8)
        high = (fh & _HALF) + ah + data[at + 2] + (data[at + 3] << 8)
        high += _SINES[sine + 2] + (_SINES[sine + 3] << 8) + (low >> 16)
        low &= _HALF
        high &= _HALF
        shift = _SHIFTS[turn << 2 | i & 3]
        if shift >= 16:
            low, high = high, low
            shift -= 16
        # 15 bits of shift over 16-bit halves would pass 30 bits: mask before shifting.
        back = 16 - shift
        turned_low = (low & (_HALF >> shift)) << shift | high >> back
        turned_high = (high & (_HALF >> shift)) << shift | low >> back
        al, ah, dl, dh, cl, ch = dl, dh, cl, ch, bl, bh
        low = turned_low + bl
        bh = turned_high + bh + (low >> 16) & _HALF
        bl = low & _HALF
    carry = 0
    for i, half in enumerate((al, ah, bl, bh, cl, ch, dl, dh)):
        half += state[i]
        if i & 1:
            half += carry
        carry = half >> 16
        state[i] = half & _HALF
