"""A wallet in a page of the browser, whose requests are answered here as its owner would.

It announces itself by EIP-6963 and is asked by EIP-1193; what it is to sign it signs from the typed
data alone, as wallets do, and keeps for the test to look at.
"""

import json
from typing import Any

from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_defunct, encode_typed_data

from ostraka.chain.contract import artifact, checksum, connect
from ostraka.demo.chains import CHAIN_ID
from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from ostraka.wire.records import from_hex, to_hex
from tests.browser.surfing import Surfer

NAME = "Test Wallet"
DECLINED = 4001
UNKNOWN_CHAIN = 4902
_PAGE = """
(() => {
  const listeners = new Map();
  const provider = {
    request: async ({ method, params }) => {
      await window.testWalletWaits;
      const answer = JSON.parse(await window.askTestWallet(method, JSON.stringify(params ?? [])));
      if (answer.error) throw answer.error;
      return answer.result;
    },
    on: (event, listener) => listeners.set(event, listener),
    removeListener: (event) => listeners.delete(event),
  };
  const icon = "data:image/svg+xml," + encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 0h8v8H0z"/></svg>',
  );
  const info = { uuid: "5c6a0b2e-0000-4000-8000-000000000000", name: NAME, icon, rdns: "org.test" };
  const announce = () => {
    const detail = Object.freeze({ info, provider });
    dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  };
  window.tellTestWallet = (event) => listeners.get(event)?.();
  addEventListener("eip6963:requestProvider", announce);
  announce();
})();
""".replace("NAME", json.dumps(NAME))


class _Refused(Exception):
    """The owner or the wallet refuses, by an EIP-1193 code."""


class BrowserWallet:
    """One wallet with one key.

    Attributes:
        account: The account that it shows: its key's, or a contract that the key owns.
        signed: Typed data that it signed, the latest last.
        texts: Texts that it signed, the latest last.
        asked: Methods that it was asked for.
        declines: How many of the next prompts its owner declines.
        knows_chain: Whether it can change to the chain of the stack.
    """

    def __init__(self, surfer: Surfer, stack: LocalStack, key: SigningKey) -> None:
        self._page, self._key = surfer.page, key
        self._web3 = connect(stack.rpc_url)
        self.account, self.chain_id = key.address, CHAIN_ID
        self.signed: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.asked: list[str] = []
        self.declines = 0
        self.knows_chain = True
        surfer.context.expose_function("askTestWallet", self._answer)
        surfer.context.add_init_script(_PAGE)
        self._rpc("hardhat_setBalance", [key.address_hex, hex(10**18)])

    def show(self, account: bytes) -> None:
        """Change to another account, as its owner may at any time."""
        self.account = account
        self._page.evaluate("tellTestWallet('accountsChanged')")

    def move(self, chain_id: int) -> None:
        """Change to another chain."""
        self.chain_id = chain_id
        self._page.evaluate("tellTestWallet('chainChanged')")

    def wait(self) -> None:
        """Answer nothing until `go_on`, as while its owner looks at a prompt."""
        held = "window.testWalletWaits = new Promise((go) => (window.testWalletGoesOn = go))"
        self._page.evaluate(f"{held}, undefined")

    def go_on(self) -> None:
        """Answer again."""
        self._page.evaluate("testWalletGoesOn()")

    def _answer(self, method: str, params: str) -> str:
        self.asked.append(method)
        try:
            return json.dumps({"result": self._do(method, json.loads(params))})
        except _Refused as refused:
            code, message = refused.args
            return json.dumps({"error": {"code": code, "message": message}})

    def _do(self, method: str, params: list[Any]) -> Any:
        match method:
            case "eth_requestAccounts" | "eth_accounts":
                return [checksum(self.account)]
            case "eth_chainId":
                return hex(self.chain_id)
            case "wallet_switchEthereumChain":
                self._prompt()
                if not self.knows_chain:
                    raise _Refused(UNKNOWN_CHAIN, "Unrecognized chain ID")
                self.chain_id = int(params[0]["chainId"], 16)
                return None
            case "eth_signTypedData_v4":
                self._prompt()
                return self._sign(params)
            case "personal_sign":
                self._prompt()
                return self._sign_text(params)
            case "eth_sendTransaction":
                self._prompt()
                return self._send(params[0])
            case "eth_getCode" | "eth_getTransactionReceipt":
                return self._rpc(method, params)
        raise _Refused(4200, f"no {method}")

    def _prompt(self) -> None:
        if self.declines:
            self.declines -= 1
            raise _Refused(DECLINED, "User rejected the request.")

    def _sign(self, params: list[Any]) -> str:
        account, typed_data = from_hex(params[0], "account"), json.loads(params[1])
        assert account == self.account == self._key.address
        assert int(typed_data["domain"]["chainId"]) == self.chain_id
        self.signed.append(typed_data)
        return to_hex(
            self._key.sign(_hash_eip191_message(encode_typed_data(full_message=typed_data)))
        )

    def _sign_text(self, params: list[Any]) -> str:
        assert from_hex(params[1], "account") == self.account
        text = from_hex(params[0], "message").decode()
        self.texts.append(text)
        return to_hex(self._key.sign(_hash_eip191_message(encode_defunct(text=text))))

    def _send(self, call: dict[str, str]) -> str:
        assert from_hex(call["from"], "from") == self.account
        to, data = checksum(from_hex(call["to"], "to")), call["data"]
        if self.account != self._key.address:
            wallet = self._web3.eth.contract(
                address=checksum(self.account), abi=artifact("TestWallet")["abi"]
            )
            to, data = wallet.address, wallet.encode_abi("execute", [to, data])
        owner = Account.from_key(self._key.secret())
        transaction = {
            "to": to,
            "data": data,
            "value": 0,
            "gas": 2_000_000,
            "gasPrice": self._web3.eth.gas_price * 2,
            "nonce": self._web3.eth.get_transaction_count(owner.address),
            "chainId": self.chain_id,
        }
        signed = owner.sign_transaction(transaction)
        return to_hex(bytes(self._web3.eth.send_raw_transaction(signed.raw_transaction)))

    def _rpc(self, method: str, params: list[Any]) -> Any:
        return self._web3.provider.make_request(method, params)["result"]  # type: ignore[arg-type]
