"""Hash of the built web client, and whether a running gateway serves exactly these files.

    python scripts/client_hash.py [URL]

Prints the hash of web/dist, which gateways call `web_bundle`. With the URL of a gateway it also
fetches every file of the client from there and compares the bytes. Exit codes: 0 the same, 1
different, 2 wrong usage, 3 unreachable. Needs a checkout that is set up.

Between two marks in the head of a page, the gateway writes its own title, icons and colours. There
is nothing else than these, and the rest of the page is compared.

A gateway could serve others a different client. Compare on the network of those who vote.

Source: docs/decisions/0053-client-hash.md.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from ostraka.gateway.page_head import bare, head_problem
from ostraka.gateway.pages import Bundle

CLIENT = Path(__file__).resolve().parent.parent / "web" / "dist"
SHEET = re.compile(r"(?::root\{--brand-light:#[0-9a-f]{6};--brand-dark:#[0-9a-f]{6}\}\s*)?")
SAME, DIFFERENT, WRONG_USAGE, UNREACHABLE = range(4)
TIMEOUT_S = 30


def main(arguments: list[str]) -> int:
    """Print the hash, and compare a gateway if one is named."""
    bundle = Bundle.read(CLIENT)
    if bundle is None or len(arguments) > 1:
        print(f"no client in {CLIENT}: make setup" if bundle is None else __doc__, file=sys.stderr)
        return WRONG_USAGE
    print(bundle.digest)
    if not arguments:
        return SAME
    try:
        return compare(bundle, arguments[0].rstrip("/"))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return UNREACHABLE


def compare(bundle: Bundle, url: str) -> int:
    """Compare what a gateway states and serves with a build; print each difference."""
    same = True
    with httpx.Client(timeout=TIMEOUT_S) as client:
        answer = client.get(f"{url}/api/v1/config")
        stated = answer.raise_for_status().json()["web_bundle"]
        if stated != bundle.digest:
            same = False
            print(f"{url} states {stated}")
        for name, file in sorted(bundle.files.items()):
            served = client.get(f"{url}/{name}")
            if served.status_code != httpx.codes.OK or served.content != file.content:
                same = False
                print(f"{url}/{name} differs (status {served.status_code})")
        for problem in _page_problems(bundle, client.get(f"{url}/")):
            same = False
            print(f"{url}/ {problem}")
        sheet = client.get(f"{url}/brand.css").text
        if not SHEET.fullmatch(sheet):
            same = False
            print(f"{url}/brand.css sets more than two colours")
    print(f"{url} serves {'this client' if same else 'a different client'}")
    return SAME if same else DIFFERENT


def _page_problems(bundle: Bundle, served: httpx.Response) -> Iterator[str]:
    """Yield how the page that people open differs from the build's document."""
    built = bundle.document("/")
    if served.status_code != httpx.codes.OK or bare(served.content) != bare(built):
        yield f"differs (status {served.status_code})"
    else:
        more = head_problem(served.content)
        if more is not None:
            yield f"says more in its head than a title, icons and colours: {more}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
