"""Which files the agent's modules make on a board: what is in memory together, and what seldom is.

Only of the agent as the tools deploy it; its sources know nothing of it.
"""

from __future__ import annotations

from .shrink import Layout

# Modules that are in memory together or not at all, made one each. Apart stays what only one of
# two phases needs, what is left out or found by its name (`http`, `trust`), what apps import
# (`console`), and what is imported only where it is needed. Not all of a phase in one: of more
# than 128 names in a module each further one costs one byte more wherever it is used.
BUNDLES = {
    "supervisor": ("platform", "supervisor"),
    "store": ("store", "nodes"),
    "agent": ("agent", "watch"),
    "scomo": ("tree", "inventory", "scomo"),
    "talk": ("wbxml", "syncml", "commands", "session", "talk"),
    "devinfo": ("devinfo", "devdetail"),
    "operation": ("rules", "operation"),
    "xml": ("markup", "xml"),
}

# Functions that a phase needs at its beginning, at its end, or rarely.
PARTS = {
    # One exchange with a server; a session does without while it works.
    "answer": ("http.split_url", "http.request", "http.Response", "http._number", "http._text"),
    "account": (
        "dmacc.Account.__init__",
        "dmacc.Account._load_nonces",
        "dmacc.Account.save_nonces",
        "dmacc.Account._path",
        "dmacc._with_port",
    ),
    # What changes what runs.
    "record": (
        "store.Store._create",
        "store.Store.new_slot",
        "store.Store.install",
        "store.Store.plan_restart",
        "store.Store.collect",
        "store.Store.begin",
        "store.Store.finish",
        "store.Store._tried",
        "store.Store._append",
        "nodes.Nodes._compact",
        "nodes.Nodes._merge",
        "nodes._copy",
    ),
    # What servers seldom ask of the SCOMO object.
    "values": (
        "inventory.Deployed.read",
        "inventory.Deployed._read_ext",
        "inventory.Ext.node",
        "inventory.Ext.children",
        "inventory.Ext.read",
        "scomo.Scomo.read",
        "scomo.Scomo.remove",
    ),
    # A package that a server delivers itself.
    "delivery": (
        "scomo.Scomo.begin",
        "scomo.Scomo.append",
        "scomo.Scomo.end",
        "scomo.Scomo.drop",
    ),
}

# Between two messages of a session what began it is let go, and what one message needed.
FOLLOWERS = {
    "devinfo": (
        *("account", "values", "delivery"),
        *("dialogs", "listing", "properties", "tnds", "split"),
    ),
    "agent": ("record",),
}

# What is always there, and what a session needs at its height.
AT_HAND = frozenset(
    {
        *("__init__", "uscomo_boot", "supervisor", "store", "consent", "console"),
        *("talk", "scomo", "dmacc", "http", "reports"),
    }
)

LAYOUT = Layout(BUNDLES, PARTS, FOLLOWERS, AT_HAND)
