/** Section 14 of boards, held to the shared vectors. */

import { describe, expect, test } from "vitest";

import { toHex } from "../../web/src/protocol/encoding.ts";
import { BallotRule } from "../../web/src/protocol/rule.ts";
import { decodeOpened, openedShape } from "../../web/src/protocol/shuffle/opened.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface SectionJson {
  threshold: number;
  ballots: number;
  slots: number;
  slot_bytes: number;
  section: string;
  turn: number;
  groups: number[][];
  signatures: { node: number; signature: string }[];
  openings: { slots: number[]; blinding: string }[];
  refused: { name: string; section: string; expect: Expected }[];
}

const { sections } = vectors<{ sections: SectionJson[] }>("opened");

const shapeOf = ({ threshold, ballots, slots, slot_bytes: slotBytes }: SectionJson) => {
  return { threshold, ballots, slots, slotBytes };
};

describe.each(sections)("opened.json: $ballots ballots", (one) => {
  test("what it carries", () => {
    const { run, attestations, openings } = decodeOpened(unhex(one.section), shapeOf(one));
    expect(run.turn).toBe(one.turn);
    expect(run.steps.map(({ group }) => group)).toEqual(one.groups);
    const signed = attestations.map(({ node, signature }) => {
      return { node, signature: toHex(signature) };
    });
    expect(signed).toEqual(one.signatures);
    const opened = openings.map(({ values, blinding }) => {
      return { slots: values.map(Number), blinding: blinding.toString() };
    });
    expect(opened).toEqual(one.openings);
  });

  test.each(one.refused)("refused: $name", ({ section, expect: expected }) => {
    expect(() => decodeOpened(unhex(section), shapeOf(one))).toThrow(ERRORS[expected]);
  });
});

test.each([
  [1n, 1],
  [255n, 1],
  [256n, 2],
  [2n ** 32n - 1n, 4],
  [2n ** 32n, 5],
])("slots up to %d take %d bytes", (largest, bytes) => {
  const slots = [[{ bit: 0, coefficient: 1n }]];
  const rule = { slots, maxSlotValue: largest } as unknown as BallotRule;
  expect(openedShape(rule, 3, 9)).toEqual({ threshold: 3, ballots: 9, slots: 1, slotBytes: bytes });
});
