# The rules of a delivery package: names, paths, the header, manifest lines, the environment.
#
# Never opens a file and never asks what is installed. The host tools apply the same ones.

from uscomo.constant import const

MAX_PATH = const(99)  # of a ustar name field with its terminator
MAX_DEPTH = const(6)  # folders nest in the importer's and the file system's buffers
PACKAGE_TYPE = "application/vnd.uscomo.package+gzip"
# What servers call a package that they do not know; signature and hashes decide anyway.
OBJECT_TYPES = (PACKAGE_TYPE, "application/octet-stream", "")
RESERVED_FILE = "component"  # what the store has of its own in each slot

_BROKEN = const(1402)  # SCOMO result

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


def split(line):
    """(digest in hex, size, path) of a manifest line."""
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
        # A text in a list's place cannot be added to one.
        for name in [] + component.get("requires", []):
            if not safe_id(name):
                raise ValueError
        # The agent's own name is for the agent, which provides nothing else.
        agent = component.get("agent")
        if agent and provides != ["uscomo"]:
            raise ValueError
        for name in provides:
            if (reserved(name) and not agent) or not plain_name(name, b"_", b"_"):
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
    if top.partition(".")[0] in provides:
        return
    if path[-3:] == ".py" or path[-4:] == ".mpy" or (rest and reserved(top)):
        raise PackageError(_BROKEN)
