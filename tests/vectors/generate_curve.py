"""Writes tests/vectors/curve.json: what BN254 G1 gives, by the reference engine alone."""

import json
from pathlib import Path
from random import Random
from typing import Any

from ostraka_verifier.curve import Curve, P, Points, R, load

_IDENTITY = bytes(64)


def generate_curve() -> dict[str, Any]:
    """The vectors, from a fixed seed: the same at every run."""
    curve, random = load("reference"), Random("ostraka/v2/curve")
    generator = curve.decode(_coordinates(1, 2))
    bases = curve.fixed_bases(generator)
    points = bases.commit([[random.randrange(1, R)] for _ in range(8)])
    scalars = [0, 1, 2, 5, 2**64 - 1, 2**125, 2**128 - 1, R - 1]
    return {
        "decode": _decode_cases(points),
        "operations": [
            *_pairs(curve, points),
            *_multiples(curve, points, scalars, random),
            *_combinations(curve, points, random),
        ],
    }


def write_curve(folder: Path) -> None:
    """Writes curve.json into `folder`."""
    text = json.dumps(generate_curve(), indent=1, ensure_ascii=False)
    (folder / "curve.json").write_text(text + "\n", encoding="utf-8")


def _decode_cases(points: Points) -> list[dict[str, Any]]:
    good = points.encode()
    x, y = int.from_bytes(good[:32], "big"), int.from_bytes(good[32:64], "big")
    bad: list[tuple[str, bytes, bool, str]] = [
        ("one byte short", good[:63], False, "points: length 63 is not a multiple of 64"),
        ("one byte over", good[:64] + b"\0", False, "points: length 65 is not a multiple of 64"),
        ("x is p", _coordinates(P, y), False, "points[0]: x >= p"),
        ("x plus p, else valid", _coordinates(x + P, y), False, "points[0]: x >= p"),
        ("y plus p, else valid", _coordinates(x, y + P), False, "points[0]: y >= p"),
        ("x of all ones", b"\xff" * 32 + good[32:64], False, "points[0]: x >= p"),
        ("y off by one", _coordinates(x, (y + 1) % P), False, "points[0]: off the curve"),
        ("x zero alone", _coordinates(0, y), False, "points[0]: off the curve"),
        ("y zero alone", _coordinates(x, 0), True, "points[0]: off the curve"),
        ("on y² = x³ + 4 instead", _coordinates(0, 2), False, "points[0]: off the curve"),
        ("identity", _IDENTITY, False, "points[0]: identity not allowed"),
        ("identity as (p, p)", _coordinates(P, P), True, "points[0]: x >= p"),
        ("bad at 3", good[:192] + _coordinates(P, y), False, "points[3]: x >= p"),
        (
            "first of two named",
            good[:64] + _coordinates(x, 0) + _IDENTITY,
            False,
            "points[1]: off the curve",
        ),
    ]
    return [
        {"name": "nothing", "data": "0x", "identity": False},
        {"name": "eight points", "data": _hex(good), "identity": False},
        {"name": "generator", "data": _hex(_coordinates(1, 2)), "identity": False},
        {"name": "identity allowed", "data": _hex(good[:64] + _IDENTITY), "identity": True},
        *(
            {
                "name": name,
                "data": _hex(data),
                "identity": identity,
                "expect": "Malformed",
                "reason": reason,
            }
            for name, data, identity, reason in bad
        ),
    ]


def _pairs(curve: Curve, points: Points) -> list[dict[str, Any]]:
    one, two, identity = points[0], points[1], curve.decode(_IDENTITY, identity=True)
    pairs = [
        ("two points", one, two),
        ("a point and itself", one, one),
        ("a point and its opposite", one, curve.negate(one)),
        ("identity on the left", identity, one),
        ("identity on the right", one, identity),
        ("identity twice", identity, identity),
        ("nothing", one[:0], one[:0]),
    ]
    return [
        _case("add", name, curve.add(left, right), points=left, others=right)
        for name, left, right in pairs
    ] + [
        _case("negate", name, curve.negate(point), points=point)
        for name, point in (("a point", one), ("identity", identity))
    ]


def _multiples(
    curve: Curve, points: Points, scalars: list[int], random: Random
) -> list[dict[str, Any]]:
    identity = curve.decode(_IDENTITY, identity=True)
    cases = [
        ("scalars at the edges", points, scalars),
        ("full scalars", points, [random.randrange(R) for _ in range(len(points))]),
        ("ones", points, [1] * len(points)),
        ("identity", identity, [7]),
        ("nothing", points[:0], []),
    ]
    return [
        _case("scale", name, curve.scale(vector, values), points=vector, scalars=values)
        for name, vector, values in cases
    ]


def _combinations(curve: Curve, points: Points, random: Random) -> list[dict[str, Any]]:
    full = [random.randrange(R) for _ in range(len(points))]
    opposite = curve.concat([points[:4], curve.negate(points[:4])])
    repeated = curve.concat([points[:1]] * 7)
    with_identity = curve.concat([points[:2], curve.decode(_IDENTITY, identity=True)])
    vectors = [
        ("nothing", points[:0]),
        ("one point", points[:1]),
        ("two points", points[:2]),
        ("seven points", points[:7]),
        ("opposite points", opposite),
        ("a repeated point", repeated),
        ("identity among others", with_identity),
    ]
    cases = [_case("sum", name, curve.sum(vector), points=vector) for name, vector in vectors]
    for name, vector in vectors:
        scalars = full[: len(vector)]
        cases.append(_case("msm", name, curve.msm(vector, scalars), points=vector, scalars=scalars))
    cancelling = full[:4] * 2
    zeros = [0] * 8
    mixed = [value >> 126 if index % 2 else value for index, value in enumerate(full)]
    for name, vector, scalars in (
        ("opposite points, equal scalars", opposite, cancelling),
        ("equal points, opposite scalars", curve.concat([points[:1]] * 2), [full[0], R - full[0]]),
        ("zeros", points, zeros),
        ("mixed sizes", points, mixed),
    ):
        cases.append(_case("msm", name, curve.msm(vector, scalars), points=vector, scalars=scalars))
    return cases


def _case(
    operation: str,
    name: str,
    result: Points,
    *,
    points: Points,
    others: Points | None = None,
    scalars: list[int] | None = None,
) -> dict[str, Any]:
    case: dict[str, Any] = {"operation": operation, "name": name, "points": _hex(points.encode())}
    if others is not None:
        case["others"] = _hex(others.encode())
    if scalars is not None:
        case["scalars"] = [str(scalar) for scalar in scalars]
    return case | {"result": _hex(result.encode())}


def _coordinates(x: int, y: int) -> bytes:
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


if __name__ == "__main__":
    write_curve(Path(__file__).parent)
