# Delivery packages on the board: verify, then unpack, in constant memory.
#
# Never trusts a path, a size or an order: the tar is not parsed, the one header that this
# format allows in a place is built and compared. Never writes outside the slot directories that
# the caller gives; after a PackageError those hold leftovers for the caller to remove.
# Format: a gzip (window of 12 bits) of a ustar with `manifest`, `manifest.sig` and the files,
# in ascending order of their paths, which is also the manifest's order.

import binascii
import hashlib
import json
import os
import sys

from uscomo import rsa
from uscomo.constant import const

MAX_MANIFEST = const(65536)  # 370 lines of usual length; all of it is read twice
MAX_HEADER = const(1024)  # parsed into memory whole; room for about eight components
MAX_LINE = const(256)  # hash, size and path of full length take 173
MAX_FILES = const(300)  # at a 4 KB block each they fill the file system of a Pico
MAX_UNPACKED = const(8388608)  # no board with more flash for files is in sight
MAX_PATH = const(99)  # of a ustar name field with its terminator
MAX_DEPTH = const(6)  # folders nest in the importer's and the file system's buffers
RESERVED_FILE = "component"  # what the store has of its own in each slot

_WINDOW_BITS = const(12)
_BLOCK = const(512)
_SIGNATURE_TYPE = const(1)  # RSA PKCS#1 v1.5 with SHA-256
_KEY_ID = const(8)
_ENOSPC = const(28)
_EEXIST = const(17)

# SCOMO results
_BROKEN = const(1402)
_INSTALL_FAILED = const(1405)
_NO_ROOM = const(1406)
_UNTRUSTED = const(1407)
_MISFIT = const(1413)

_ALPHANUMERIC = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# MicroPython's modules, except those of one port alone: files on sys.path would replace most of
# them, for the agent too. Each is reserved with a `u` before it as well.
RESERVED = (
    " __main__ _asyncio _boot _thread argparse array asyncio binascii bluetooth btree builtins"
    " cmath collections cryptolib deflate dht errno framebuf gc hashlib heapq inisetup io json"
    " lwip machine math micropython mip neopixel network ntptime onewire os platform random re"
    " requests select socket ssl struct sys termios time tls typing uctypes vfs websocket zlib "
)
_ARCHITECTURES = (
    " x86 x64 armv6 armv6m armv7m armv7em armv7emsp armv7emdp xtensa xtensawin rv32imc"
)


class PackageError(Exception):
    # code: SCOMO result
    def __init__(self, code):
        super().__init__(code)
        self.code = code


def plain_name(name, more, first=b""):
    """Whether `name` is letters and digits, from the second one on also those of `more`."""
    for c in name.encode():
        if c not in _ALPHANUMERIC and c not in first:
            return False
        first = more
    return name != ""


def safe_path(path):
    """Whether the relative `path` of a file may stand in a component."""
    segments = path.split("/")
    for segment in segments:
        if not plain_name(segment, b"_.-", b"_"):
            return False
    # FAT takes names of any case for the same.
    return len(segments) <= MAX_DEPTH and segments[0].lower() != RESERVED_FILE


def safe_id(name):
    """Whether `name` may be the id of a package or component, or a component's folder."""
    return plain_name(name, b"_.-") and len(name) <= 64


def reserved(name):
    """Whether a top-level module or folder of this name would stand in another one's place."""
    if name[:6] == "uscomo" or name[:4] in ("boot", "main"):
        return True
    return " " + name + " " in RESERVED or (name[:1] == "u" and " " + name[1:] + " " in RESERVED)


def environment_fits(env, mpy):
    """Whether code for `env` runs here; `mpy` is sys.implementation._mpy, 0 without .mpy."""
    parts = env.split(";")
    version = arch = None
    for part in parts[1:]:
        key, _, value = part.partition("=")
        if key == "mpy":
            version = value
        elif key == "arch":
            arch = value
        else:
            return False
    if parts[0] != "micropython":
        return False
    if version is None:
        return arch is None
    major, _, minor = version.partition(".")
    if major != str(mpy & 255):
        return False
    if arch is None:  # bytecode runs on any sub-version
        return True
    if minor != str(mpy >> 8 & 3):
        return False
    names = _ARCHITECTURES.split(" ")
    return arch in names[1:] and names.index(arch) == mpy >> 10 & 15


class _Pass:
    # One way through the uncompressed package.
    def __init__(self, path, buffer):
        import deflate

        self._buffer = memoryview(buffer)[:_BLOCK]
        self._header = bytearray(_BLOCK)
        self._file = open(path, "rb")
        # Without a window size DeflateIO would take the 32 KB that a gzip may need.
        self._stream = deflate.DeflateIO(self._file, deflate.GZIP, _WINDOW_BITS)

    def close(self):
        self._stream.close()
        self._file.close()

    def fill(self, view):
        # Fills all of view.
        while len(view):
            try:
                count = self._stream.readinto(view)
            except (OSError, EOFError):
                count = 0
            if not count:
                raise PackageError(_BROKEN)
            view = view[count:]

    def line(self, limit):
        try:
            line = self._stream.readline(limit + 1)
        except (OSError, EOFError):
            line = b""
        if len(line) > limit or line[-1:] != b"\n":
            raise PackageError(_BROKEN)
        return line

    def entry(self, name, size, limit):
        # The next header has to be that of file `name`; size -1 takes what it says.
        buffer = self._buffer
        self.fill(buffer)
        if size < 0:
            try:
                size = int(bytes(buffer[124:135]), 8)
            except ValueError:
                raise PackageError(_BROKEN)
            if not 0 < size <= limit:
                raise PackageError(_BROKEN)
        write_header(self._header, name, size)
        if buffer != self._header:
            raise PackageError(_BROKEN)
        return size

    def padding(self, size):
        rest = -size % _BLOCK
        if rest:
            self.fill(self._buffer[:rest])

    def end(self):
        # Two empty blocks, the end of the stream (which checks its CRC), the end of the file.
        self._header[:] = bytes(_BLOCK)
        for _ in range(2):
            self.fill(self._buffer)
            if self._buffer != self._header:
                raise PackageError(_BROKEN)
        try:
            more = self._stream.readinto(self._buffer[:1])
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
        self._manifest_size = 0
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
        size = reader.entry("manifest", -1, MAX_MANIFEST)
        self._manifest_size = size
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
            _, length, path = _split(line)
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
        reader.padding(self._manifest_size)
        return sha256.digest(), first

    def _check_signature(self, reader, anchor_folder, digest):
        limit = 1 + _KEY_ID + rsa.MAX_MODULUS
        size = reader.entry("manifest.sig", -1, limit)
        block = memoryview(bytearray(limit))[:size]
        reader.fill(block)
        if size <= 1 + _KEY_ID or block[0] != _SIGNATURE_TYPE:
            raise PackageError(_BROKEN)
        signer = str(binascii.hexlify(bytes(block[1 : 1 + _KEY_ID])), "utf-8")
        modulus = memoryview(bytearray(rsa.MAX_MODULUS))
        try:
            with open(anchor_folder + "/" + signer, "rb") as file:
                modulus = modulus[: file.readinto(modulus)]
        except OSError:
            raise PackageError(_UNTRUSTED)
        if not rsa.verify(modulus, block[1 + _KEY_ID :], digest):
            raise PackageError(_UNTRUSTED)
        return signer

    def unpack(self, slots):
        """Writes each component's files, and the store's `component` file, into the existing
        folder that `slots` has for the component's `dir`."""
        manifest = _Pass(self._path, self._buffer)
        try:
            files = _Pass(self._path, self._buffer)
            try:
                self._unpack(manifest, files, slots)
            finally:
                files.close()
        except OSError as error:
            raise PackageError(_NO_ROOM if error.errno == _ENOSPC else _INSTALL_FAILED)
        finally:
            manifest.close()

    def _unpack(self, manifest, files, slots):
        manifest.entry("manifest", self._manifest_size, MAX_MANIFEST)
        manifest.line(MAX_HEADER)
        size = files.entry("manifest", self._manifest_size, MAX_MANIFEST)
        self._skip(files, size)
        size = files.entry("manifest.sig", -1, MAX_MANIFEST)
        self._skip(files, size)
        components = {}
        for component in self._header["components"]:
            components[component["dir"]] = component
        folder = rows = None
        try:
            for _ in range(self.files):
                digest, size, path = _split(manifest.line(MAX_LINE))
                first, _, rest = path.partition("/")
                if first != folder:
                    if rows:
                        rows.close()
                        rows = None
                    component = components.pop(first, None)
                    if component is None:
                        raise PackageError(_BROKEN)
                    folder = first
                    rows = open(slots[folder] + "/" + RESERVED_FILE, "wb")
                    provides = component["provides"]
                    component["package"] = self._header["id"]
                    component["signer"] = self._header["signer"]
                    line = json.dumps(component, separators=(",", ":"))
                    rows.write(line.encode() + b"\n")
                check_place(rest, provides)
                files.entry(path, size, size)
                self._write(files, slots[folder], rest, size, digest)
                rows.write(b"%s %d %s\n" % (digest, size, rest.encode()))
        finally:
            if rows:
                rows.close()
        if components:  # one without a file
            raise PackageError(_BROKEN)
        files.end()

    def _skip(self, reader, size):
        block = memoryview(self._buffer)[:_BLOCK]
        for _ in range((size + _BLOCK - 1) // _BLOCK):
            reader.fill(block)

    def _write(self, reader, slot, path, size, digest):
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
        left = size
        with open(slot + "/" + path, "wb") as file:
            while left:
                view = buffer[: min(left, len(buffer))]
                reader.fill(view)
                sha256.update(view)
                file.write(view)
                left -= len(view)
                if self._feed:
                    self._feed()
        if binascii.hexlify(sha256.digest()) != digest:
            raise PackageError(_BROKEN)
        reader.padding(size)


def _split(line):
    # (digest in hex, size, path) of a manifest line
    try:
        digest, size, path = line[:-1].split(b" ")
        path = str(path, "utf-8")
    except ValueError:
        raise PackageError(_BROKEN)
    folder, _, rest = path.partition("/")
    if len(digest) != 64 or not size.isdigit() or len(size) > 7 or len(path) > MAX_PATH:
        raise PackageError(_BROKEN)
    if not safe_id(folder) or not safe_path(rest):
        raise PackageError(_BROKEN)
    return digest, int(size), path


def check_header(header):
    """ValueError, KeyError, TypeError or AttributeError for a header against the rules."""
    components = header["components"]
    if header["format"] != 1 or not safe_id(header["id"]) or not components:
        raise ValueError
    seen = []
    for component in components:
        provides = component["provides"]
        release = component["release"]
        if not isinstance(release, int) or not 0 <= release < 1 << 31:
            raise ValueError
        if not safe_id(component["id"]) or not safe_id(component["dir"]):
            raise ValueError
        if not component["version"].encode() or not component["name"].encode():
            raise ValueError
        for name in component.get("requires", ()):
            if not safe_id(name):
                raise ValueError
        for name in provides:
            if reserved(name) or not plain_name(name, b"_", b"_"):
                raise ValueError
        if component.get("entry") and component["entry"] not in provides:
            raise ValueError
        for name in ["id " + component["id"], "dir " + component["dir"]] + provides:
            if name in seen:
                raise ValueError
            seen.append(name)


def check_place(path, provides):
    # Whatever import can find has to be declared, or be a folder in nobody's way.
    top, _, rest = path.partition("/")
    if path[-3:] == ".py" or path[-4:] == ".mpy":
        if top.partition(".")[0] not in provides:
            raise PackageError(_BROKEN)
    elif rest and reserved(top):
        raise PackageError(_BROKEN)
