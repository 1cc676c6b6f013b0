#!/usr/bin/env bash
# eth-account 0.14.0 with eth-keys 0.8.0: Account.set_key_backend() does not change what signs.
#
# The method is documented to "change the backend used by the underlying eth-keys library". It stores a
# KeyAPI with the given backend, and then makes keys and signatures by that KeyAPI's classes. The classes
# are the same for every KeyAPI, and their objects look the default backend up by themselves. So a backend
# that counts its calls sees none for from_key, sign_message, recover_message and sign_transaction. Only
# the methods of KeyAPI itself (ecdsa_sign, ecdsa_recover) use the backend. A program that sets a backend
# in hardware or in constant time goes on to sign by the default one: pure Python, unless coincurve is
# installed. The environment variable ECC_BACKEND_CLASS does change the default. Output seen on 2026-11-29
# with Python 3.11:
#   Account with the backend: [] of its calls
#   KeyAPI's objects: [] of its calls
#   KeyAPI's methods: ['sign', 'recover'] of its calls
#   ECC_BACKEND_CLASS: ['sign'] of its calls
# Exits non-zero when the library behaves otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check eth-account==0.14.0 eth-keys==0.8.0
cat > "$folder/counting.py" <<'PYTHON'
from eth_keys.backends.native import NativeECCBackend

calls = []


class Counting(NativeECCBackend):
    def ecdsa_sign(self, *arguments):
        calls.append("sign")
        return super().ecdsa_sign(*arguments)

    def ecdsa_recover(self, *arguments):
        calls.append("recover")
        return super().ecdsa_recover(*arguments)
PYTHON
cat > "$folder/by_method.py" <<'PYTHON'
from counting import Counting, calls
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys import KeyAPI

KEY, MESSAGE = b"\1" * 32, encode_defunct(text="poll 7")
TRANSFER = {"chainId": 1, "nonce": 0, "gas": 21000, "gasPrice": 1, "to": "0x" + "11" * 20, "value": 0}

account = Account()
account.set_key_backend(Counting())
account.from_key(KEY)
signed = account.sign_message(MESSAGE, KEY)
account.recover_message(MESSAGE, signature=signed.signature)
account.sign_transaction(TRANSFER, KEY)
print("Account with the backend:", calls, "of its calls")
assert calls == []

api = KeyAPI(Counting())
api.PrivateKey(KEY).sign_msg(b"poll 7")
print("KeyAPI's objects:", calls, "of its calls")
assert calls == []

signature = api.ecdsa_sign(b"\2" * 32, api.PrivateKey(KEY))
api.ecdsa_recover(b"\2" * 32, signature)
print("KeyAPI's methods:", calls, "of its calls")
assert calls == ["sign", "recover"]
PYTHON
cat > "$folder/by_environment.py" <<'PYTHON'
from counting import calls
from eth_account import Account
from eth_account.messages import encode_defunct

Account.sign_message(encode_defunct(text="poll 7"), b"\1" * 32)
print("ECC_BACKEND_CLASS:", calls, "of its calls")
assert calls == ["sign"]
PYTHON
"$folder/venv/bin/python" "$folder/by_method.py"
ECC_BACKEND_CLASS=counting.Counting "$folder/venv/bin/python" "$folder/by_environment.py"
