"""How bytes come in: Scrapy's download handler for http and https, on aiohttp.

Scrapy's own handler collects every answer in memory and puts no bound on the head of an answer. This one

- bounds everything: the head (lines, fields), the body, and the time from connecting to the last byte;
- hands a picture on as it arrives (`Incoming`), and stops reading what turns out to be none;
- verifies certificates, whatever the settings say;
- keeps no cookies, follows no redirect (Scrapy's middleware does, within the rules), and unpacks nothing
  (Scrapy's middleware does, within the byte limit).

Scrapy's signals `headers_received` and `bytes_received` are not sent, for nothing here listens to them.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from yarl import URL

from scrapers.incoming import HEAD_BYTES, Incoming

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

INCOMING = "vestiary_incoming"
"""Request.meta key: the `Incoming` that takes the body of an answer with status 200."""
MAX_LINE_BYTES = 64 * 1024
MAX_FIELDS = 256
_CHUNK_BYTES = 256 * 1024


class TransferHandler(BaseDownloadHandler):
    """The way to every host, directly or through `Request.meta["proxy"]`."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._timeout = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._max_bytes = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._session: aiohttp.ClientSession | None = None
        self._certificates = ssl.create_default_context()

    async def download_request(self, request: Request) -> Response:
        """Fetch one answer.

        Raises:
            DownloadTimeoutError, CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError: no
                complete answer came.
            ResponseDataLossError: the body broke off.
            DownloadCancelledError: the body is larger than the limit.
        """
        timeout = float(request.meta.get("download_timeout", self._timeout))
        began = time.monotonic()
        try:
            async with await self._open(request, timeout) as answer:
                request.meta["download_latency"] = time.monotonic() - began
                return await self._read(request, answer)
        except TimeoutError as error:
            raise DownloadTimeoutError(f"no complete answer within {timeout:g} s") from error
        except aiohttp.ClientPayloadError as error:
            raise ResponseDataLossError(str(error)) from error
        except aiohttp.ClientConnectorDNSError as error:
            raise CannotResolveHostError(str(error)) from error
        except aiohttp.ClientSSLError as error:
            raise DownloadFailedError(f"the certificate is not accepted: {error}") from error
        except aiohttp.ClientConnectorError as error:
            raise DownloadConnectionRefusedError(str(error)) from error
        except (aiohttp.ClientError, ConnectionError, ssl.SSLError, ValueError) as error:
            raise DownloadFailedError(f"{type(error).__name__}: {error}"[:500]) from error
        finally:
            incoming = request.meta.get(INCOMING)
            if incoming is not None and not incoming.is_complete:
                incoming.discard()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _open(self, request: Request, timeout: float) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._certificates),  # Scrapy's slots are the limit
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=_CHUNK_BYTES,
                max_line_size=MAX_LINE_BYTES,
                max_field_size=MAX_LINE_BYTES,
                max_headers=MAX_FIELDS,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            )
        return await self._session.request(
            request.method,
            URL(request.url, encoded=True),
            data=request.body or None,
            headers=[
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, values in request.headers.items()
                for value in values
            ],
            proxy=request.meta.get("proxy"),
            timeout=aiohttp.ClientTimeout(total=timeout),
            allow_redirects=False,
        )

    async def _read(self, request: Request, answer: aiohttp.ClientResponse) -> Response:
        headers = Headers()
        for name, value in answer.raw_headers:
            headers.appendlist(name, value)
        declared = answer.content_length
        incoming: Incoming | None = request.meta.get(INCOMING)
        if incoming is not None and answer.status == 200:
            encoding = answer.headers.get("Content-Encoding", "").strip().lower()
            headers.pop("Content-Encoding", None)
            body = await _pass_on(answer, incoming, declared, encoding)
        else:
            limit = HEAD_BYTES if incoming is not None else int(request.meta.get("download_maxsize", self._max_bytes))
            body = await _collect(answer, limit, declared, cut=incoming is not None)
        if incoming is not None and incoming.is_picture:  # whatever its Content-Type says
            return Response(request.url, status=answer.status, headers=headers)
        kind = responsetypes.from_args(headers=headers, url=request.url, body=body[:4096])
        return kind(request.url, status=answer.status, headers=headers, body=body)


async def _pass_on(answer: aiohttp.ClientResponse, incoming: Incoming, declared: int | None, encoding: str) -> bytes:
    """Read a picture into `incoming`; returns what came instead of one, or b""."""
    incoming.begin(declared, encoding)
    async for chunk in answer.content.iter_any():
        if not incoming.write(chunk):
            answer.close()
            break
    incoming.end()
    return incoming.head


async def _collect(answer: aiohttp.ClientResponse, limit: int, declared: int | None, *, cut: bool) -> bytes:
    """Read a body into memory: all of it, or where `cut`, its first `limit` bytes."""
    if not cut and declared is not None and declared > limit:
        raise DownloadCancelledError(f"{declared} bytes declared, at most {limit} wanted")
    pieces, size = [], 0
    async for chunk in answer.content.iter_any():
        pieces.append(chunk)
        size += len(chunk)
        if size > limit:
            answer.close()
            if not cut:
                raise DownloadCancelledError(f"more than {limit} bytes")
            break
    return b"".join(pieces)[:limit]
