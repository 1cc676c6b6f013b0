"""Ask a JSON-RPC provider again while that may help, for a bounded time in all.

A provider that hangs must not hold what waits for it, such as the lock under which an account's
transactions are numbered. Callers ask again in their own rhythm.
"""

import re
import time

import requests
from web3 import HTTPProvider
from web3._utils.rpc_abi import RPC
from web3.types import RPCEndpoint

from ostraka.chain.whole_answers import ProviderSession

PATIENCE_S = 20
"""Longest time for one question, with all its attempts."""
ATTEMPT_S = 15
"""Longest time for one attempt: slow providers take some 10 s."""
SIGNER_PATIENCE_S = 120
"""Longest time for a signature: a person may have to approve it."""
_FIRST_PAUSE_S = 0.125
_LONGEST_REST_S = 60
_FIRST_SERVER_ERROR = 500
_QUESTION = re.compile(
    "eth_(blockNumber|call|chainId|estimateGas|feeHistory|gasPrice|get[A-Za-z]+"
    "|maxPriorityFeePerGas)|(net|web3|account)_[A-Za-z]*[vV]ersion"
)
"""Methods that change nothing. Everything else is asked once: a second attempt could send coins
twice, move a test chain's clock twice, or show a person the same transaction again."""


class PatientProvider(HTTPProvider):
    """A provider over HTTP that honours `Retry-After` and follows no redirects."""

    def __init__(self, rpc_url: str) -> None:
        super().__init__(
            rpc_url,
            # The library would ask for the chain id twice with every call; it never changes.
            cache_allowed_requests=True,
            cacheable_requests={RPC.eth_chainId},
        )
        self._rpc_url = rpc_url
        self._session = ProviderSession()
        self._rest_until_monotonic_s = 0.0
        self._refusal: requests.HTTPError | None = None

    def _make_request(self, method: RPCEndpoint, request_data: bytes) -> bytes:
        signs = "sign" in method
        patience_s, attempt_s = (SIGNER_PATIENCE_S,) * 2 if signs else (PATIENCE_S, ATTEMPT_S)
        deadline_monotonic_s = time.monotonic() + patience_s
        self._rest(deadline_monotonic_s)
        pause_s = _FIRST_PAUSE_S
        while True:
            left_s = max(0.1, deadline_monotonic_s - time.monotonic())
            try:
                return self._session.post(
                    self._rpc_url,
                    request_data,
                    self.get_request_headers(),
                    min(attempt_s, left_s),
                )
            except requests.RequestException as error:
                if not self._may_help(error) or not _QUESTION.fullmatch(method):
                    raise
                if time.monotonic() + pause_s > deadline_monotonic_s:
                    raise
                time.sleep(pause_s)
                pause_s *= 2
                self._rest(deadline_monotonic_s)

    def _may_help(self, error: requests.RequestException) -> bool:
        """Return whether the same question may be answered soon; note a wish for rest."""
        match error:
            case requests.HTTPError() if error.response is not None:
                status = error.response.status_code
                if status != requests.codes.too_many_requests and status < _FIRST_SERVER_ERROR:
                    return False
                asked = error.response.headers.get("Retry-After", "")
                if re.fullmatch("[0-9]{1,6}", asked):
                    rest_s = min(int(asked), _LONGEST_REST_S)
                    self._refusal = error
                    self._rest_until_monotonic_s = time.monotonic() + rest_s
                return True
            # Also while a server restarts.
            case requests.Timeout() | requests.ConnectionError():
                return True
        return False

    def _rest(self, deadline_monotonic_s: float) -> None:
        """Wait as long as the provider asked for; raise its refusal if that is too long."""
        if self._refusal is not None and self._rest_until_monotonic_s > deadline_monotonic_s:
            raise requests.HTTPError(response=self._refusal.response)
        time.sleep(max(0.0, self._rest_until_monotonic_s - time.monotonic()))
