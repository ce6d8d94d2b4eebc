"""`uscomo server`: what a server's operator does. One module per kind of command."""

from __future__ import annotations

from . import server_admin, server_bootstrap, server_notify

app = server_admin.app
server_notify.register(app)
server_bootstrap.register(app)
