"""The HTTP binding of SyncML: one POST per message (digest, section 12).

What went wrong inside SyncML travels in a SyncML message with HTTP 200; HTTP errors are for what
never became a message.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from uscomo_tools.server.exchange import Exchanger, Incoming
from uscomo_tools.server.mac import HEADER
from uscomo_tools.syncml.errors import WireError
from uscomo_tools.syncml.message import Encoding, decode

MEDIA_TYPES: dict[str, Encoding] = {
    "application/vnd.syncml.dm+wbxml": "wbxml",
    "application/vnd.syncml.dm+xml": "xml",
    # Seen in the field, without `.dm`.
    "application/vnd.syncml+wbxml": "wbxml",
    "application/vnd.syncml+xml": "xml",
}


class TooLarge(Exception):
    """A body longer than its limit."""


async def read_body(request: Request, limit: int) -> bytes:
    """Read a request's body, but never more than a limit.

    Raises
    ------
    TooLarge
        The body is longer than `limit` bytes; the rest of it is not read.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


class DmEndpoint:
    """POST of one DM message."""

    def __init__(self, exchanger: Exchanger, max_body: int) -> None:
        self.exchanger = exchanger
        self.max_body = max_body

    async def post(self, request: Request) -> Response:
        """Answer a message in its own encoding and media type."""
        content_type = request.headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower()
        encoding = MEDIA_TYPES.get(media_type)
        if encoding is None:
            return PlainTextResponse("not a SyncML media type\n", 415)
        try:
            body = await read_body(request, self.max_body)
        except TooLarge:
            return PlainTextResponse(f"more than {self.max_body} bytes\n", 413)
        try:
            message = decode(body, media_type)
        except WireError as error:
            return PlainTextResponse(f"not a SyncML message: {error}\n", 400)
        base_url = str(request.base_url).rstrip("/")
        proof = request.headers.get(HEADER, "")
        incoming = Incoming(body, media_type, encoding, message, base_url, proof)
        answer = await self.exchanger.answer(incoming)
        headers = {"cache-control": "no-store, private"}
        if answer.proof:
            # Header bytes are latin-1 to Starlette; names are UTF-8.
            headers[HEADER] = answer.proof.encode().decode("latin-1")
        return Response(answer.body, media_type=media_type, headers=headers)
