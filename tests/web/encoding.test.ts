/** Strict readers of bytes and JSON; keys and receipts. */

import { describe, expect, test } from "vitest";

import {
  compareBytes,
  fromHex,
  Reader,
  scalars,
  signed128,
  toHex,
  unsigned,
  utf8,
  word,
} from "../../web/src/protocol/encoding.ts";
import { R } from "../../web/src/protocol/curve.ts";
import { Malformed, Rejected } from "../../web/src/protocol/errors.ts";
import { type JsonObject, parseJson } from "../../web/src/protocol/json.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";
import { Committee, decodeDescription } from "../../web/src/protocol/parameters.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { receiptStatement, verifyReceipt } from "../../web/src/protocol/receipts.ts";
import { checkBoxes, boxBytes, boxesHash, lagrange } from "../../web/src/protocol/sharing.ts";
import { Domain } from "../../web/src/protocol/typed_data.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";

describe("bytes", () => {
  test("encode integers with a fixed width", () => {
    expect(toHex(unsigned(258, 4))).toBe("0x00000102");
    expect(toHex(signed128(-2n))).toBe(`0x${"f".repeat(31)}e`);
    expect(toHex(word(Uint8Array.of(1, 2)))).toBe(`0x${"0".repeat(60)}0102`);
    expect(new Reader(signed128(-2n), "x").signed128("y")).toBe(-2n);
    expect(new Reader(unsigned((1n << 48n) - 1n, 6), "x").small(6, "y")).toBe(2 ** 48 - 1);
    for (const bad of [
      () => unsigned(256, 1),
      () => unsigned(-1, 1),
      () => signed128(1n << 127n),
      () => word(new Uint8Array(33)),
      () => scalars([R]),
      () => scalars([-1n]),
    ]) {
      expect(bad).toThrow(RangeError);
    }
  });

  test("a reader names fields that are missing, surplus or too large", () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3), "thing");
    expect(reader.take(2, "head")).toEqual(Uint8Array.of(1, 2));
    expect(() => reader.take(2, "tail")).toThrow("thing.tail: 1 bytes missing");
    expect(() => {
      reader.end();
    }).toThrow("thing: 1 bytes too many");
    const scalar = () => new Reader(unsigned(R, 32), "thing").scalar("x");
    expect(scalar).toThrow(Malformed);
    expect(() => new Reader(Uint8Array.of(2, 0), "thing").prefixed(1, "x")).toThrow(Malformed);
  });

  test("convert to and from 0x-hex", () => {
    expect(fromHex("0xAb00", "x")).toEqual(Uint8Array.of(0xab, 0));
    for (const bad of ["ab", "0xabc", "0xag", "0x ab", ""]) {
      expect(() => fromHex(bad, "x")).toThrow(Malformed);
    }
  });

  test("are compared in lexicographic order", () => {
    const [a, ab, b] = [utf8("a"), utf8("ab"), utf8("b")];
    expect(compareBytes(a, ab)).toBeLessThan(0);
    expect(compareBytes(b, ab)).toBeGreaterThan(0);
    expect(compareBytes(ab, utf8("ab"))).toBe(0);
  });
});

describe("JSON", () => {
  const parse = (text: string) => parseJson(utf8(text), "text");

  test("keeps integers exact and distinct from other numbers", () => {
    const read = parse(' {"a": [1, -0, 7.0, 1e2, 123456789012345678901], "b": {}, "c": []}\n');
    expect((read as JsonObject).get("a")).toEqual([1n, 0n, 7, 100, 123456789012345678901n]);
    expect(parse('"\\u0142\\n\\ud83d\\ude00\\/"')).toBe("ł\n😀/");
    expect(parse("[true, false, null]")).toEqual([true, false, null]);
  });

  test.each([
    "",
    " ",
    "{",
    "[1,]",
    '{"a":1,}',
    "{a:1}",
    "[1 2]",
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    "Infinity",
    "'a'",
    '"a',
    '"\t"',
    '"\\x"',
    '"\\u12g4"',
    "nul",
    "[] []",
    "\ufeff[]",
    "// a\n1",
  ])("refuses %j", (text) => {
    expect(() => parse(text)).toThrow(Malformed);
  });

  test("is refused when it is nested too deeply", () => {
    expect(parse("[".repeat(32) + "]".repeat(32))).toHaveLength(1);
    expect(() => parse("[".repeat(33) + "]".repeat(33))).toThrow("nested");
    expect(() => parse("[".repeat(1_000_000))).toThrow("nested");
    expect(parse(`"${"[".repeat(1000)}"`)).toHaveLength(1000);
  });

  test("is refused unless it is UTF-8", () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), "text")).toThrow(Malformed);
  });
});

test.each([
  "[]",
  '{"options": []}',
  '{"title": 1, "options": []}',
  '{"title": "", "options": [1]}',
  '{"title": "", "options": {}}',
  '{"title": "", "options": [], "round": 1}',
  '{"title": "", "options": [], "round": {"id": 1}}',
  `{"title": "", "options": [], "round": {"treasury": "0x${"A".repeat(40)}", "id": 1}}`,
  `{"title": "", "options": [], "round": {"treasury": "0x${"a".repeat(40)}", "id": 0}}`,
  `{"title": "", "options": [], "round": {"treasury": "0x${"a".repeat(40)}", "id": 1.0}}`,
  `{"title": "", "options": [], "round": {"treasury": "0x${"a".repeat(40)}", "id": "1"}}`,
  `{"title": "", "options": [], "round": {"treasury": "0x${"a".repeat(40)}", "id": true}}`,
])("an invalid description is malformed: %s", (text) => {
  expect(() => decodeDescription(utf8(text))).toThrow(Malformed);
});

test("a description names its round by address and number", () => {
  const id = (1n << 128n) - 1n;
  const treasury = `0x${"ab".repeat(20)}`;
  const text = `{"title": "T", "options": ["a"], "round": {"treasury": "${treasury}", "id": ${id}}}`;
  const { round } = decodeDescription(utf8(text));
  expect(round).toEqual({ treasury: fromHex(treasury, "x"), roundId: id });
});

describe("keys", () => {
  test("sign deterministically, and their address is recovered", () => {
    const key = SigningKey.generate(systemRandomness);
    const again = new SigningKey(key.secret());
    const digest = systemRandomness.bytes(32);
    expect(again.address).toEqual(key.address);
    expect(key.sign(digest)).toEqual(again.sign(digest));
    const { address } = SigningKey.generate(systemRandomness);
    expect(address).not.toEqual(key.address);
  });

  test("do not reveal their secret when printed", () => {
    const key = SigningKey.generate(systemRandomness);
    const secret = toHex(key.secret()).slice(2);
    expect(String(key) + JSON.stringify(key)).not.toContain(secret);
    key.secret().fill(0);
    expect(toHex(key.secret()).slice(2)).toBe(secret);
  });

  test.each([new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array(32).fill(255)])(
    "are refused when invalid: %s",
    (secret) => {
      expect(() => new SigningKey(secret)).toThrow(RangeError);
    },
  );
});

test("a receipt is valid for one node and one ballot only", () => {
  const keys = [1, 2, 3, 4].map((byte) => new SigningKey(new Uint8Array(32).fill(byte)));
  const members = keys.map(({ address }) => ({ address, url: "https://node.example" }));
  const committee = new Committee(members, 2, 1);
  const domain = new Domain(1n, new Uint8Array(20).fill(9));
  const context = new Uint8Array(32).fill(8);
  const voter = new Uint8Array(20).fill(7);
  const ballot = { voter, castAtUnixS: unixSeconds(5), digest: new Uint8Array(32).fill(6) };
  const signature = keys[1]!.sign(domain.digest(...receiptStatement(context, ballot)));
  verifyReceipt(domain, context, committee, 2, ballot, signature);
  const changed = { ...ballot, castAtUnixS: unixSeconds(6) };
  for (const [node, of, bytes] of [
    [1, ballot, signature],
    [2, changed, signature],
    [2, ballot, signature.slice(1)],
  ] as const) {
    expect(() => {
      verifyReceipt(domain, context, committee, node, of, bytes);
    }).toThrow(Malformed);
  }
});

describe("committees", () => {
  const members = (count: number) => {
    return Array.from({ length: count }, (_, place) => {
      return { address: new Uint8Array(20).fill(place + 1), url: `https://${place}.example` };
    });
  };

  test.each([
    [3, 2, 0, 2],
    [4, 2, 1, 3],
    [5, 3, 1, 4],
    [7, 3, 2, 5],
  ])("(%i, %i, %i) has quorum %i", (n, t, f, q) => {
    const committee = new Committee(members(n), t, f);
    expect(committee.quorum).toBe(q);
    expect(Committee.decode(committee.encode()).digest).toEqual(committee.digest);
  });

  test.each([
    [3, 1, 0],
    [4, 2, 2],
    [3, 2, 1],
    [6, 3, 2],
    [65, 2, 0],
    [0, 2, 0],
  ])("(%i, %i, %i) is refused", (n, t, f) => {
    expect(() => new Committee(members(n), t, f)).toThrow(Rejected);
  });

  test("refuse nodes that are equal, zero or without a URL", () => {
    const [one, two, three] = members(3);
    for (const bad of [
      one!,
      { ...three!, address: new Uint8Array(20) },
      { ...three!, url: "" },
      { ...three!, url: "ü".repeat(129) },
    ]) {
      expect(() => new Committee([one!, two!, bad], 2, 0)).toThrow(Rejected);
    }
  });
});

test("boxes are refused if missing, of wrong length or unsigned", () => {
  const boxes = [1, 2].map((byte) => new Uint8Array(boxBytes(3)).fill(byte));
  const signed = boxesHash(boxes);
  checkBoxes(boxes, signed, 2, 3);
  for (const [given, nodes] of [
    [boxes, 3],
    [[boxes[0]!], 2],
    [[boxes[1]!, boxes[0]!], 2],
    [[boxes[0]!, boxes[1]!.slice(1)], 2],
  ] as const) {
    expect(() => {
      checkBoxes(given, signed, nodes, 3);
    }).toThrow(Malformed);
  }
});

test("interpolation takes only distinct nodes from 1 on", () => {
  expect(lagrange([1, 2])).toEqual([2n, R - 1n]);
  expect(lagrange([1, 2], 3)).toEqual([R - 1n, 2n]);
  for (const bad of [[1, 1], [0, 1], [-1]]) expect(() => lagrange(bad)).toThrow(RangeError);
});
