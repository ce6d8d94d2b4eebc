# The DevInfo management object: who the device is; sent in every session.
# Source: OMA DM Standardized Objects 1.2, section 5.3.2.
MOID = "urn:oma:mo:oma-dm-devinfo:1.0"


def values(nodes):
    """The leaves of DevInfo: what was provisioned, else what the interpreter knows."""
    import sys

    known = (
        ("DevId", "urn:uscomo:unprovisioned"),
        ("Man", "MicroPython"),
        ("Mod", getattr(sys.implementation, "_machine", sys.platform)),
        ("DmV", "0.1.0"),
        ("Lang", "en"),
    )
    return tuple((name, _stored(nodes, "DevInfo/" + name, value)) for name, value in known)


def _stored(nodes, key, default):
    value = nodes.get(key)
    return default if value is None else value.decode()
