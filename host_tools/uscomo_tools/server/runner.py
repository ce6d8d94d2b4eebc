"""Running a server: until Ctrl-C, or in a thread on a free port while a block lasts."""

from __future__ import annotations

import contextlib
import secrets
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import uvicorn

from uscomo_tools.errors import UscomoError
from uscomo_tools.server.app import create_app
from uscomo_tools.server.settings import TOKEN_FILE, ServerSettings

__all__ = ["RunningServer", "ServerSettings", "create_app", "operator_token", "run_server"]

START_SECONDS = 15.0


def operator_token(data_folder: Path, given: str = "") -> tuple[str, Path | None]:
    """The operator's token: the given one, else the one kept in the data folder.

    Returns
    -------
    tuple of str and Path or None
        The token, and the file that holds it unless it was given.
    """
    if given:
        return given, None
    data_folder.mkdir(parents=True, exist_ok=True)
    file = data_folder / TOKEN_FILE
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24) + "\n", "ascii")
    return file.read_text("ascii").strip(), file


class _Server(uvicorn.Server):
    """A uvicorn server that leaves logging alone and says when it is ready."""

    def __init__(self, settings: ServerSettings, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(settings),
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=3,
                ssl_certfile=settings.tls_certificate,
                ssl_keyfile=settings.tls_key,
                ssl_ca_certs=settings.client_ca and str(settings.client_ca),
                # Asked for and not demanded: who has none proves itself in SyncHdr (Security 5.1).
                ssl_cert_reqs=ssl.CERT_OPTIONAL if settings.client_ca else ssl.CERT_NONE,
            )
        )
        self._ready = ready
        try:
            self.config.load()
        except OSError as error:  # an ssl.SSLError too
            files = (settings.tls_certificate, settings.tls_key, settings.client_ca)
            named = ", ".join(str(file) for file in files if file)
            raise UscomoError(f"TLS with {named}: {error.strerror or error}") from error

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def listen(host: str, port: int, secure: bool = False) -> tuple[socket.socket, str]:
    """Bind a port; connections queue from now on.

    Returns
    -------
    tuple of socket and str
        The socket, and the URL of what listens there.

    Raises
    ------
    UscomoError
        The port is taken, or the host is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or error
        raise UscomoError(f"cannot listen on {host} port {port}: {reason}") from error
    name = f"[{host}]" if ":" in host else host
    scheme = "https" if secure else "http"
    return bound, f"{scheme}://{name}:{bound.getsockname()[1]}"


def check_notify_port(host: str, port: int) -> None:
    """Try the UDP port of devices behind routers, 0 for none, before anything is started.

    Raises
    ------
    UscomoError
        It is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            reason = error.strerror or error
            raise UscomoError(f"cannot listen on {host} UDP port {port}: {reason}") from error


def run_server(settings: ServerSettings, ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    ready
        Called once with the server's URL when it answers.

    Raises
    ------
    UscomoError
        It did not start.
    """
    check_notify_port(settings.host, settings.notify_port)
    bound, url = listen(settings.host, settings.port, settings.tls_certificate is not None)
    with bound:
        server = _Server(settings, lambda: ready(url))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[bound])
        if not server.started:
            raise UscomoError(f"the DM server did not start: is {settings.database} usable?")


class RunningServer:
    """A server on a free loopback port for as long as a ``with`` block lasts.

    Attributes
    ----------
    url, dm_url
        Where it and its DM endpoint are.
    operator_token
        For the REST interface.

    Raises
    ------
    UscomoError
        It did not start.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = replace(settings, host="127.0.0.1")
        self.operator_token = settings.operator_token
        self.url = ""
        self.dm_url = ""
        self._answers = threading.Event()
        self._server = _Server(self.settings, self._answers.set)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> RunningServer:
        check_notify_port(self.settings.host, self.settings.notify_port)
        secure = self.settings.tls_certificate is not None
        self._socket, self.url = listen(self.settings.host, 0, secure)
        self.dm_url = self.url + self.settings.dm_path
        self._thread = threading.Thread(target=self._run, name="dm-server")
        self._thread.start()
        self._answers.wait(START_SECONDS)
        if not self._server.started:
            self._stop()
            raise UscomoError("the DM server did not start")
        return self

    def _run(self) -> None:
        assert self._socket is not None
        try:
            self._server.run(sockets=[self._socket])
        except SystemExit:  # uvicorn's way to say that the start failed
            pass
        finally:
            self._answers.set()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
