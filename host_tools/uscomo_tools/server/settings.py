"""What a server is told at its start; nothing here changes while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

#: Where a data folder keeps the operator's token.
TOKEN_FILE = "operator-token"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Options of one server.

    Parameters
    ----------
    data_folder
        Packages, and the database unless ``database_url`` names another place.
    operator_token
        The bearer token of the operator. It is never stored by the server.
    host, port
        Where to listen; port 0 takes a free one.
    notify_port
        UDP port for devices behind routers, see `outward`; 0 for none.
    dm_path
        Path of the DM endpoint.
    server_id
        The server's own name in credentials. Accounts keep the name they were created with.
    database_url
        SQLAlchemy URL with an asyncio driver; empty means SQLite in the data folder.
    tls_certificate, tls_key
        PEM files; with both the server speaks TLS only.
    client_ca
        PEM file: clients are asked for a certificate, and one that no authority in it signed is
        refused. A device proves itself in SyncHdr all the same.
    resp_uri
        Sent as RespURI in every message when set.
    max_body, max_object, max_package
        Largest DM message, object in a session, and delivery package accepted, bytes. Devices are
        told the first two.
    session_timeout
        Seconds of silence after which a session is over.
    report_timeout
        Seconds to wait for the OperationComplete of an accepted operation.
    inventory_age
        Seconds after which a known inventory is read again.
    kept_sessions
        How many sessions of a device are kept, with their messages.
    """

    data_folder: Path
    operator_token: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    notify_port: int = 0
    dm_path: str = "/dm"
    server_id: str = "uscomo"
    database_url: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    resp_uri: str | None = None
    max_body: int = 64 * 1024
    max_object: int = 256 * 1024
    max_package: int = 16 * 1024 * 1024
    session_timeout: int = 600
    report_timeout: int = 3600
    inventory_age: int = 24 * 3600
    kept_sessions: int = 200

    @property
    def database(self) -> str:
        """The database URL in use."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_folder / 'server.sqlite'}"
