"""A server in a thread, as the demo runs it."""

from __future__ import annotations

import stat

import httpx
from scripted import Device

from uscomo_tools.server.runner import RunningServer, ServerSettings, operator_token


def test_a_server_in_a_thread(tmp_path):
    settings = ServerSettings(data_folder=tmp_path, operator_token="t", dm_path="/sync")
    with RunningServer(settings) as server:
        headers = {"authorization": f"Bearer {server.operator_token}"}
        account = {"device_id": "d", "auth": "none", "server_auth": "none"}
        httpx.post(server.url + "/api/devices", json=account, headers=headers).raise_for_status()

        def post(body: bytes, content_type: str) -> httpx.Response:
            return httpx.post(server.dm_url, content=body, headers={"content-type": content_type})

        device = Device(post, device_id="d", auth="none", server_password=None)
        device.session()
        assert device.commands
    # The state outlives the process, as nothing of it is in there.
    with RunningServer(settings) as server:
        [found] = httpx.get(server.url + "/api/devices", headers=headers).json()
        assert found["scomo_root"] == "./SCOMO"


def test_the_token_is_given_or_kept(tmp_path):
    token, file = operator_token(tmp_path / "new")
    assert operator_token(tmp_path / "new") == (token, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert operator_token(tmp_path, "given") == ("given", None)
