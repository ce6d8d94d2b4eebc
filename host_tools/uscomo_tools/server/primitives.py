"""The operations that are offered: their names, and the node that each of them addresses.

``install``, ``install-inactive`` and ``download`` say what is to come of a package; how it gets
there is the operation's ``delivery``:

* ``indirect``: the device fetches it (``Download/<n>/Operations/Download...``);
* ``direct``: it travels in the session (``Inventory/Delivered/<n>/Data``), then Install;
* ``delivered``: it lies on the device already; Install alone.

``<n>`` is the operation's correlator, which makes repeated and forgotten nodes recognisable.
"""

from __future__ import annotations

from uscomo_tools.server import policy
from uscomo_tools.server.models import Operation
from uscomo_tools.server.policy import Facts

INDIRECT, DIRECT, DELIVERED = "indirect", "direct", "delivered"
DELIVERIES = (INDIRECT, DIRECT, DELIVERED)
REBOOTS = ("none", "before", "after", "both")

#: Of a package: the node below Download/<n>/Operations, and below Delivered/<n>/Operations.
OF_PACKAGES = {
    "install": ("DownloadInstall", "Install"),
    "install-inactive": ("DownloadInstallInactive", "InstallInactive"),
    "download": ("Download", ""),
}
OF_DELIVERED = {"remove-package": "Remove"}
OF_COMPONENTS = {
    "activate": "Activate",
    "deactivate": "Deactivate",
    "remove": "Remove",
    "rollback": "Ext/Rollback",
}
#: Values that are written, not nodes that are executed.
VALUES = {"trust": "Ext/Trust/Statement", "leave-safe-mode": "Ext/SafeMode"}

#: SCOMO's own names, where ours says the delivery beside the primitive.
SYNONYMS = {
    "download-install": "install",
    "download-install-inactive": "install-inactive",
}
ORDERED = (
    *OF_PACKAGES,
    *SYNONYMS,
    *OF_DELIVERED,
    *OF_COMPONENTS,
    "leave-safe-mode",
)


def place(root: str, operation: Operation) -> str:
    """The node that the server adds for a delivery: Download/<n> or Inventory/Delivered/<n>."""
    folder = "Inventory/Delivered" if operation.delivery == DIRECT else "Download"
    return f"{root}/{folder}/{operation.correlator}"


def target(root: str, operation: Operation, facts: Facts) -> str:
    """The node that an operation executes or replaces.

    Returns
    -------
    str
        Empty when the inventory has nothing of that name.
    """
    primitive, subject = operation.primitive, operation.subject
    if primitive in VALUES:
        return f"{root}/{VALUES[primitive]}"
    if primitive in OF_COMPONENTS:
        component = policy.deployed(facts, subject)
        if component is None:
            return ""
        node = f"{root}/Inventory/Deployed/{component.node}"
        return f"{node}/Operations/{OF_COMPONENTS[primitive]}"
    if operation.delivery != DELIVERED and primitive in OF_PACKAGES:
        downloading, installing = OF_PACKAGES[primitive]
        name = installing if operation.delivery == DIRECT else downloading
        return f"{place(root, operation)}/Operations/{name}"
    package = policy.delivered(facts, subject)
    if package is None:
        return ""
    name = OF_DELIVERED.get(primitive) or OF_PACKAGES[primitive][1]
    return f"{root}/Inventory/Delivered/{package.node}/Operations/{name}"
