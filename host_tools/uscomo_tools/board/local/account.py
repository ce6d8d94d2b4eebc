"""The account `local` of a board: whoever holds the cable. Which nodes it consists of.

Its server is the one in this program; its address goes through the board's `link`, never through
a network, and the board holds its sessions only when a host at the cable asks for one. So it needs
no password: who holds the cable could write the flash just as well. What may be installed is
decided by signatures, as for every account.

Its SCOMO object has a root of its own, whatever servers the board is enrolled with, before or
later: access lists belong to paths, so neither can take the other's rights.
"""

from __future__ import annotations

from pathlib import Path

from ...device.provision import DeviceSpec, Provisioning, device_nodes
from .keys import developer_public_key

ACCOUNT = "local"
SERVER_ID = "uscomo-local"
SCOMO_ROOT = "SCOMO-local"
#: The host part is what sends it through the cable, see `uscomo.http`.
URL = "http://local/dm"


def local_provisioning(folder: Path | None = None) -> Provisioning:
    """Return what `deploy` writes beside the rest: the account, and the developer's anchor.

    Parameters
    ----------
    folder
        Where the developer's key lies, if not in the user's own folder.
    """
    spec = DeviceSpec(
        device_id="",
        url=URL,
        server_id=SERVER_ID,
        auth="none",
        server_auth="none",
        scomo_root=SCOMO_ROOT,
        account=ACCOUNT,
    )
    nodes: dict[str, bytes | None] = {
        key: value
        for key, value in device_nodes(spec).items()
        if key.startswith(f"DMAcc/{ACCOUNT}/")
    }
    return Provisioning(nodes, {}, ACCOUNT, False, [developer_public_key(folder).modulus])
