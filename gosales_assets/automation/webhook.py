"""The webhook: JSON that is posted to the address in ``GOSALES_ALERT_WEBHOOK_URL``.

The address may hold a secret, so it is told nowhere: not in logs, not in the reason of a tick, not
in an error.
"""

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

SECONDS_TO_WAIT = 10
UNSET = "GOSALES_ALERT_WEBHOOK_URL is not set"


class NotPosted(Exception):
    """A message did not arrive; the reason names no address."""


def post(address: str, content: dict[str, Any]) -> None:
    """Post JSON; anything but an answer of 2xx is a failure.

    Raises
    ------
    NotPosted
        Saying why, without the address.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise NotPosted("the address cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotPosted("the address must begin with http:// or https:// and name a host")
    request = Request(  # noqa: S310 - the scheme was looked at
        address,
        data=json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    # Errors of urllib may hold the address: only what is known to be harmless is told.
    try:
        with urlopen(request, timeout=SECONDS_TO_WAIT) as answer:  # noqa: S310
            status = answer.status
    except HTTPError as error:
        status = error.code
        error.close()
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise NotPosted(f"no answer ({type(error).__name__})") from None
    if not 200 <= status < 300:
        raise NotPosted(f"the answer was {status}")
