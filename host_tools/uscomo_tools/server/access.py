"""Who may do what over HTTP.

REST: a bearer token, the operator's from the settings or a provider's from the database, where
only its hash lies. Pages: readers on the same machine, or the operator's token once as
``?token=``, which is exchanged for a cookie that is not the token. "On the same machine" means
that the peer address *and* the Host header are loopback, so that neither a reverse proxy on this
machine nor a web site that rebinds its name opens the pages to others.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from uscomo_tools.server.models import Authorisation, Provider
from uscomo_tools.server.problems import Problem

OPERATOR = 0
COOKIE = "uscomo_pages"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a REST call; provider id 0 is the operator."""

    provider_id: int
    name: str

    @property
    def is_operator(self) -> bool:
        """Whether this is the operator."""
        return self.provider_id == OPERATOR


def token_hash(token: str) -> str:
    """What is stored of a token: tokens are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


async def caller_of(request: Request, db: AsyncSession, operator_token: str) -> Caller:
    """The caller behind a bearer token.

    Raises
    ------
    Problem
        401: no token, or one that nobody has.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, "a bearer token is needed")
    if _same(token, operator_token):
        return Caller(OPERATOR, "operator")
    query = select(Provider).where(Provider.token_hash == token_hash(token))
    provider = await db.scalar(query)
    if provider is None:
        raise Problem(401, "nobody has this token")
    return Caller(provider.id, provider.name)


async def may_set_default(db: AsyncSession, caller: Caller, device_type: str) -> bool:
    """Whether the caller may change the default software of a device type."""
    if caller.is_operator:
        return True
    return await db.get(Authorisation, (caller.provider_id, device_type)) is not None


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def page_cookie(operator_token: str) -> str:
    """The cookie's value: proves the token without being it."""
    return hmac.new(operator_token.encode(), b"uscomo pages", "sha256").hexdigest()


def may_read_pages(request: Request, operator_token: str) -> bool:
    """Whether the pages may be shown."""
    if request.client and _is_loopback(request.client.host) and _is_loopback(request.url.hostname):
        return True
    return _same(request.cookies.get(COOKIE, ""), page_cookie(operator_token))


def token_is_good(request: Request, operator_token: str) -> bool:
    """Whether ``?token=`` holds the operator's token."""
    return _same(request.query_params.get("token", ""), operator_token)
