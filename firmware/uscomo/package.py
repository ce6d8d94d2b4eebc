# Delivery packages on the board: verify, then unpack, in constant memory.
#
# Never trusts a path, a size or an order: the tar is not parsed, the one header that this
# format allows in a place is built and compared. Never writes outside the slot directories that
# the caller gives; after a PackageError those hold leftovers for the caller to remove.
# Format: a gzip (window of 12 bits) of a ustar with `manifest`, `manifest.sig` and the files,
# in ascending order of their paths, which is also the manifest's order. An update package is the
# same without some of the files; those are copied from the version that is installed, and hashed
# like the others: only what the manifest says can come out of either.

import binascii
import hashlib
import json
import os
import sys

from uscomo import rsa
from uscomo.constant import const
from uscomo.rules import (
    RESERVED_FILE,
    PackageError,
    check_header,
    check_place,
    environment_fits,
    split,
)

MAX_MANIFEST = const(65536)  # 370 lines of usual length; all of it is read twice
MAX_HEADER = const(1024)  # parsed into memory whole; room for about eight components
MAX_LINE = const(256)  # hash, size and path of full length take 173
MAX_FILES = const(300)  # at a 4 KB block each they fill the file system of a Pico
MAX_UNPACKED = const(8388608)  # no board with more flash for files is in sight

_WINDOW_BITS = const(12)
_BLOCK = const(512)
# `manifest.sig`: 1, id of an anchor, its signature (RSA PKCS#1 v1.5 with SHA-256), or
# 2, a key that an anchor vouches for, see trust.endorser()
_ANCHOR = const(1)
_ENDORSED = const(2)
_MAX_SIGNATURE = const(1555)  # type 2 with keys of 4096 bits
_ENOSPC = const(28)
_EEXIST = const(17)

# SCOMO results
_BROKEN = const(1402)
_INSTALL_FAILED = const(1405)
_NO_ROOM = const(1406)
_UNTRUSTED = const(1407)
_MISFIT = const(1413)
_BASE = const(1455)  # an update of something else than what is installed


def _fill(stream, view, code):
    # Fills all of view, or the package is refused with this code.
    while len(view):
        try:
            count = stream.readinto(view)
        except (OSError, EOFError):
            count = 0
        if not count:
            raise PackageError(code)
        view = view[count:]


class _Pass:
    # One way through the uncompressed package.
    def __init__(self, path, buffer):
        import deflate

        self._buffer = memoryview(buffer)[:_BLOCK]
        self._header = bytearray(_BLOCK)
        self._ahead = False  # the header was read, and belongs to an entry still to come
        self._file = open(path, "rb")
        # Without a window size DeflateIO would take the 32 KB that a gzip may need.
        self.stream = deflate.DeflateIO(self._file, deflate.GZIP, _WINDOW_BITS)

    def close(self):
        self.stream.close()
        self._file.close()

    def fill(self, view):
        _fill(self.stream, view, _BROKEN)

    def line(self, limit):
        try:
            line = self.stream.readline(limit + 1)
        except (OSError, EOFError):
            line = b""
        if len(line) > limit or line[-1:] != b"\n":
            raise PackageError(_BROKEN)
        return line

    def _look(self):
        if not self._ahead:
            self.fill(self._header)
            self._ahead = True
        return self._header

    def find(self, name, size):
        # Whether the next entry is this one. If not, it may be the one that is asked for next.
        write_header(self._buffer, name, size)
        self._ahead = self._look() != self._buffer
        return not self._ahead

    def begin(self, name, limit):
        # The next entry has to be `name`: its size.
        try:
            size = int(bytes(self._look()[124:135]), 8)
        except ValueError:
            size = 0
        if not 0 < size <= limit or not self.find(name, size):
            raise PackageError(_BROKEN)
        return size

    def skip(self, size):
        for _ in range((size + _BLOCK - 1) // _BLOCK):
            self.fill(self._buffer)

    def padding(self, size):
        rest = -size % _BLOCK
        if rest:
            self.fill(self._buffer[:rest])

    def end(self):
        # Two empty blocks, the end of the stream (which checks its CRC), the end of the file.
        for _ in range(2):
            if any(self._look()):
                raise PackageError(_BROKEN)
            self._ahead = False
        try:
            more = self.stream.readinto(self._buffer[:1])
        except (OSError, EOFError):
            more = 1
        if more or self._file.readinto(self._buffer[:1]):
            raise PackageError(_BROKEN)


def write_header(header, name, size):
    """Makes `header`, 512 bytes, the one tar header that a file of a package has."""
    header[:] = bytes(_BLOCK)
    name = name.encode()
    header[: len(name)] = name
    header[100:107] = b"0000644"  # mode
    header[108:115] = header[116:123] = b"0000000"  # owner, group
    header[124:135] = ("%011o" % size).encode()
    header[136:147] = b"00000000000"  # time
    header[156] = 48  # a regular file
    header[257:262] = b"ustar"
    header[263:265] = b"00"
    header[148:156] = b"        "  # counts as blanks in its own sum
    header[148:155] = ("%06o\0" % sum(header)).encode()


class Package:
    """A spooled delivery package: `verify()`, then `unpack()`.

    `buffer` has at least 512 bytes; `feed` is called in every long loop.
    """

    def __init__(self, path, buffer, feed=None):
        self._path = path
        self._buffer = buffer
        self._feed = feed
        self._header = None
        self.unpacked_size = 0
        self.files = 0

    def verify(self, anchor_folder, mpy=None, device_type=None):
        """The header, with `signer` added, of a package that is whole in form, signed by a key
        in `anchor_folder`, and fits this device."""
        reader = _Pass(self._path, self._buffer)
        try:
            digest, first = self._read_manifest(reader)
            signer = self._check_signature(reader, anchor_folder, digest)
        finally:
            reader.close()
        if mpy is None:
            mpy = getattr(sys.implementation, "_mpy", 0)
        try:
            header = json.loads(first)
            check_header(header)
            types = header.get("types")
            fits = not types or device_type is None or device_type in types
            for component in header["components"]:
                fits = fits and environment_fits(component["env"], mpy)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise PackageError(_BROKEN)
        if not fits:
            raise PackageError(_MISFIT)
        header["signer"] = signer
        self._header = header
        return header

    def _read_manifest(self, reader):
        # Hashes it and checks the form of its lines, which needs no trust.
        size = whole = reader.begin("manifest", MAX_MANIFEST)
        sha256 = hashlib.sha256()
        first = reader.line(MAX_HEADER)
        sha256.update(first)
        size -= len(first)
        self.unpacked_size = self.files = 0
        last = ""
        while size > 0:
            line = reader.line(MAX_LINE)
            sha256.update(line)
            size -= len(line)
            _, length, path = split(line)
            # Ascending, hence no path twice and each component in one piece.
            if path <= last:
                raise PackageError(_BROKEN)
            last = path
            self.files += 1
            self.unpacked_size += length
            if self._feed:
                self._feed()
        if size or not 0 < self.files <= MAX_FILES or self.unpacked_size > MAX_UNPACKED:
            raise PackageError(_BROKEN)
        reader.padding(whole)
        return sha256.digest(), first

    def _check_signature(self, reader, anchor_folder, digest):
        size = reader.begin("manifest.sig", _MAX_SIGNATURE)
        block = memoryview(bytearray(_MAX_SIGNATURE))[:size]
        reader.fill(block)
        if block[0] == _ANCHOR:
            signer = block[1:9].hex()
            if not rsa.verify(rsa.load(anchor_folder, signer), block[9:], digest):
                signer = None
        elif block[0] == _ENDORSED:
            from uscomo import trust

            signer = trust.endorser(anchor_folder, block, digest)
        else:
            raise PackageError(_BROKEN)
        if not signer:
            raise PackageError(_UNTRUSTED)
        return signer

    def unpack(self, slots, bases=None):
        """Writes each component's files, and the store's `component` file, into the existing
        folder that `slots` has for the component's `dir`. What the package leaves out comes from
        the folder that `bases` has for it."""
        try:
            rows = self._read_rows(slots)
            reader = _Pass(self._path, self._buffer)
            try:
                for name in ("manifest", "manifest.sig"):
                    reader.skip(reader.begin(name, MAX_MANIFEST))
                for folder, at in rows:
                    self._unpack(reader, folder, at, slots[folder], (bases or {}).get(folder))
                reader.end()
            finally:
                reader.close()
        except OSError as error:
            raise PackageError(_NO_ROOM if error.errno == _ENOSPC else _INSTALL_FAILED)

    def _read_rows(self, slots):
        # Writes the `component` files, before any other: (folder, where its rows begin). There
        # they are read from while files are unpacked, which needs all of the one window.
        found = []
        components = {}
        for component in self._header["components"]:
            components[component["dir"]] = component
        rows = None
        reader = _Pass(self._path, self._buffer)
        try:
            reader.begin("manifest", MAX_MANIFEST)
            reader.line(MAX_HEADER)
            for _ in range(self.files):
                digest, size, path = split(reader.line(MAX_LINE))
                folder, _, path = path.partition("/")
                if not found or folder != found[-1][0]:
                    if rows:
                        rows.close()
                        rows = None
                    component = components.pop(folder, None)
                    if component is None:
                        raise PackageError(_BROKEN)
                    rows = open(slots[folder] + "/" + RESERVED_FILE, "wb")
                    component["package"] = self._header["id"]
                    component["signer"] = self._header["signer"]
                    line = json.dumps(component, separators=(",", ":")).encode() + b"\n"
                    rows.write(line)
                    found.append((folder, len(line)))
                check_place(path, component["provides"])
                rows.write(b"%s %d %s\n" % (digest, size, path.encode()))
        finally:
            if rows:
                rows.close()
            reader.close()
        if components:  # one without a file
            raise PackageError(_BROKEN)
        return found

    def _unpack(self, reader, folder, at, slot, base):
        # The files of one component.
        while True:
            # Opened for each: the file that is written needs as much memory as this one.
            with open(slot + "/" + RESERVED_FILE, "rb") as rows:
                rows.seek(at)
                line = rows.readline(MAX_LINE)
            if not line:
                break
            at += len(line)
            digest, size, path = line[:-1].split(b" ")
            size = int(size)
            path = path.decode()
            if reader.find(folder + "/" + path, size):
                self._write(reader.stream, _BROKEN, slot, path, size, digest)
                reader.padding(size)
            else:
                self._copy(base, slot, path, size, digest)

    def _copy(self, base, slot, path, size, digest):
        try:
            file = base and open(base + "/" + path, "rb")
        except OSError:
            file = None
        if not file:
            raise PackageError(_BASE)
        try:
            self._write(file, _BASE, slot, path, size, digest)
        finally:
            file.close()

    def _write(self, stream, code, slot, path, size, digest):
        at = path.find("/")
        while at >= 0:
            try:
                os.mkdir(slot + "/" + path[:at])
            except OSError as error:
                if error.errno != _EEXIST:
                    raise
            at = path.find("/", at + 1)
        sha256 = hashlib.sha256()
        buffer = memoryview(self._buffer)
        with open(slot + "/" + path, "wb") as file:
            while size:
                view = buffer[: min(size, len(buffer))]
                _fill(stream, view, code)
                sha256.update(view)
                file.write(view)
                size -= len(view)
                if self._feed:
                    self._feed()
        if binascii.hexlify(sha256.digest()) != digest:
            raise PackageError(code)
