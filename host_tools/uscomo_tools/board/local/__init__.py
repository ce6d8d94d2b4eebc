"""Management over the cable without a server set up: the same session, an in-process server."""
