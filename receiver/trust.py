"""Whom this process trusts over TLS: one set of root certificates, read once. Used by every client that lives as long as the process.

Reading them takes some twenty milliseconds and a megabyte, and a service has a dozen such clients.
"""

import ssl
from functools import cache

import httpx


@cache
def load_trust() -> ssl.SSLContext:
    """The library's own roots, nothing of the environment; the same object at every call, so nobody may change it."""
    return httpx.create_ssl_context(trust_env=False)
