"""Every contract of import-linter in pyproject.toml catches an import that breaks it."""

import shutil
import subprocess
import sysconfig
import tomllib
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LINT = Path(sysconfig.get_path("scripts")) / "lint-imports"
PACKAGES = {"ostraka": ROOT / "backend", "ostraka_verifier": ROOT / "verifier"}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]


def forbidden_import(contract: dict[str, Any]) -> tuple[str, str]:
    """A module, and one that it must not import."""
    if contract["type"] == "forbidden":
        return contract["source_modules"][0], contract["forbidden_modules"][0]
    (container,) = contract["containers"]
    # From the lowest layer up to the highest.
    lowest, highest = contract["layers"][-1], contract["layers"][0]
    return f"{container}.{lowest.split(' | ')[0]}", f"{container}.{highest.split(' | ')[0]}"


def path_of(module: str, root: Path) -> Path:
    base = root.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copy")
    for name, parent in PACKAGES.items():
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(parent / name, root / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def lint(root: Path) -> str:
    command = [LINT, "--no-cache", "--config", "pyproject.toml"]
    result = subprocess.run(
        command,
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout


def test_nothing_is_broken_now(copy: Path) -> None:
    shown = lint(copy)
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken" in shown, shown


@pytest.mark.parametrize("contract", CONTRACTS, ids=[one["name"] for one in CONTRACTS])
def test_each_contract_bites(copy: Path, contract: dict[str, Any]) -> None:
    module, other = forbidden_import(contract)
    path = path_of(module, copy)
    assert path.is_file(), f"{contract['name']}: there is no module {module}"
    whole = path.read_text()
    path.write_text(f"{whole}\nimport {other}\n")
    try:
        assert f"{contract['name']} BROKEN" in lint(copy)
    finally:
        path.write_text(whole)


@pytest.mark.parametrize("contract", CONTRACTS, ids=[one["name"] for one in CONTRACTS])
def test_each_contract_names_what_is_there(contract: dict[str, Any]) -> None:
    """A name with a slip of the pen guards nothing."""
    named = [*contract.get("source_modules", []), *contract.get("forbidden_modules", [])]
    for container in contract.get("containers", []):
        for layer in contract["layers"]:
            named += [f"{container}.{one}" for one in layer.split(" | ")]
    for module in named:
        assert path_of(module, PACKAGES[module.split(".")[0]]).is_file(), module


CONTAINERS = sorted({name for one in CONTRACTS for name in one.get("containers", [])})


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_module_has_its_layer(container: str) -> None:
    """A new module that no layer names may import anything."""
    layers = [one["layers"] for one in CONTRACTS if one.get("containers") == [container]]
    placed = {name for named in layers for layer in named for name in layer.split(" | ")}
    folder = path_of(container, PACKAGES[container.split(".")[0]]).parent
    found = {path.stem for path in folder.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert found - {"__init__", "__main__", "__pycache__"} == placed


def test_gateway_node_and_voter_meet_over_http_only(copy: Path) -> None:
    """None of them may import another, in either direction."""
    names = ("gateway", "node", "voter")
    for module, other in permutations(names, 2):
        path = path_of(f"ostraka.{module}", copy)
        whole = path.read_text()
        path.write_text(f"{whole}\nimport ostraka.{other}\n")
        try:
            assert "Layers of the backend BROKEN" in lint(copy), (module, other)
        finally:
            path.write_text(whole)
