/** The declared structs and events are those of the compiled contracts. */

import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import {
  type AbiType,
  canonicalType,
  ContractEvent,
  type Field,
  listOf,
  readReturned,
  readStruct,
  sizeOf,
  struct,
} from "../../web/src/client/abi_struct.ts";
import * as declared from "../../web/src/client/contract_structs.ts";
import { concat, utf8, word } from "../../web/src/protocol/encoding.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";

interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly indexed?: boolean;
  readonly components?: readonly Parameter[];
}

interface Entry {
  readonly type: string;
  readonly name?: string;
  readonly inputs?: readonly Parameter[];
  readonly outputs?: readonly Parameter[];
}

const CONTRACTS = {
  IPollRegistry: "interfaces/IPollRegistry.sol",
  IBudgetTreasury: "interfaces/IBudgetTreasury.sol",
  VotingKeys: "VotingKeys.sol",
  MemberRegistry: "MemberRegistry.sol",
  TestToken: "testing/TestToken.sol",
} as const;

const ABI = Object.entries(CONTRACTS).flatMap(([name, path]) => {
  const file = new URL(`../../artifacts/contracts/${path}/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { abi: readonly Entry[] }).abi;
});

const returned = (name: string) => {
  return ABI.find((entry) => entry.type === "function" && entry.name === name)!.outputs![0]!;
};

/** A declared field as the compiler writes it. */
function parameter([name, type, indexed]: Field): Parameter {
  const lists = typeof type !== "string" && "element" in type;
  const inner = (lists ? type.element : type) as AbiType;
  const suffix = lists ? "[]" : "";
  const own =
    typeof inner === "string"
      ? { type: `${inner}${suffix}` }
      : {
          type: `tuple${suffix}`,
          components: (inner as { fields: Field[] }).fields.map(parameter),
        };
  return { name, ...own, ...(indexed ? { indexed: true } : {}) };
}

/** Names and layout of what the compiler writes. */
function layout({ name, type, indexed, components }: Parameter): Parameter {
  return {
    name,
    type,
    ...(components ? { components: components.map(layout) } : {}),
    ...(indexed ? { indexed: true } : {}),
  };
}

const EVENTS = (Object.values(declared) as readonly unknown[]).filter(
  (one): one is ContractEvent<Field> => one instanceof ContractEvent,
);

test.each(EVENTS.map((one) => [one.name, one] as const))(
  "the event %s is declared as the contract has it",
  (name, { fields }) => {
    const compiled = ABI.filter((entry) => entry.type === "event" && entry.name === name);
    expect(compiled.map(({ inputs }) => inputs!.map(layout))).toContainEqual(fields.map(parameter));
  },
);

test("every event is declared once", () => {
  expect(EVENTS.length).toBeGreaterThan(10);
  expect(new Set(EVENTS.map(({ name }) => name)).size).toBe(EVENTS.length);
});

test.each([
  ["poll", declared.POLL_VIEW],
  ["outcome", declared.OUTCOME_VIEW],
  ["round", declared.ROUND_VIEW],
  ["proposals", listOf(declared.PROPOSAL_VIEW)],
])("what %s() returns is declared as the contract has it", (name, type) => {
  const compiled = { ...layout(returned(name)), name };
  expect(parameter([name, type as AbiType])).toEqual(compiled);
});

const PLACE = struct(["x", "uint256"], ["y", "uint32"]);
const HOUSE = struct(["place", PLACE], ["name", "string"], ["guests", listOf(PLACE)]);
const NAME = concat([word(4), utf8("Agora"), new Uint8Array(27)]);
const GUESTS = concat([word(2), word(3), word(4), word(5), word(6)]);
const ENCODED = concat([word(1), word(2), word(128), word(192), NAME, GUESTS]);

test("fields are read by their names", () => {
  const house = readStruct(HOUSE, ENCODED, "house");
  expect(house.place).toEqual({ x: 1n, y: 2 });
  expect(house.name()).toEqual(utf8("Agor"));
  expect(house.guests()).toEqual([
    { x: 3n, y: 4 },
    { x: 5n, y: 6 },
  ]);
  expect(sizeOf(HOUSE)).toBe(128);
  expect(canonicalType(HOUSE)).toBe("((uint256,uint32),string,(uint256,uint32)[])");
});

test("a missing word names its field", () => {
  expect(() => readStruct(PLACE, word(1), "place")).toThrow("place.y: 32 bytes missing");
  expect(() => readReturned("uint256", new Uint8Array(31), "f()")).toThrow(Malformed);
});

test("unreadable content affects only its own readers", () => {
  const house = readStruct(HOUSE, ENCODED.subarray(0, 160), "house");
  expect(house.place.x).toBe(1n);
  expect(() => house.name()).toThrow("house.name.content");
  expect(() => house.guests()).toThrow("house.guests: an offset beyond the end");
});

test("a list of too many entries is refused before allocation", () => {
  const many = concat([word(32), word(1n << 40n)]);
  expect(() => readReturned(listOf("bytes32"), many, "f()")).toThrow(Malformed);
});

const SHARED = new Uint8Array(6400);
const LONG = concat([word(SHARED.length), SHARED]);
const NAMES = struct(["names", listOf("string")]);
const HOUSES = struct(["houses", listOf(struct(["number", "uint8"], ["name", "string"]))]);

test("entries of a list share no content", () => {
  const count = 100;
  const offsets = Array.from({ length: count }, () => word(32 * count));
  const list = concat([word(32), word(count), ...offsets]);
  const names = readStruct(NAMES, concat([list, LONG]), "f()");
  expect(() => names.names()).toThrow("share content");
  // One entry for all: the list itself takes little, its names too much.
  const houses = readStruct(HOUSES, concat([list, word(1), word(64), LONG]), "f()").houses();
  expect(() => houses.map(({ name }) => name())).toThrow("share content");
});

test("a field can be read again", () => {
  const house = readStruct(HOUSE, ENCODED, "house");
  for (let time = 0; time < 9; time++) expect(house.name()).toEqual(utf8("Agor"));
});
