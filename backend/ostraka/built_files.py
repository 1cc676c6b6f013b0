"""Folders that other compilers build: an installed package carries them, a checkout builds them."""

from pathlib import Path

_CARRIED = Path(__file__).parent / "built"
_CHECKOUT = Path(__file__).resolve().parents[2]


def built_folder(name: str, in_checkout: str) -> Path:
    """Return the folder `built/NAME` of the installed package, or else the checkout's.

    The folder of a checkout may not exist yet.
    """
    carried = _CARRIED / name
    return carried if carried.is_dir() else _CHECKOUT / in_checkout
