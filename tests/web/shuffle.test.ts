/** Runs of the shuffle, held to the shared vectors. */

import { describe, expect, test } from "vitest";

import { CommitmentKey, deriveGenerator } from "../../web/src/protocol/commitment.ts";
import { decodePoints, encodePoints, R } from "../../web/src/protocol/curve.ts";
import { Reader, toHex } from "../../web/src/protocol/encoding.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { readShare, type Share } from "../../web/src/protocol/sharing.ts";
import { isGroup, mayShuffle, uncovered } from "../../web/src/protocol/shuffle/groups.ts";
import { Terms } from "../../web/src/protocol/shuffle/msm.ts";
import { ballotsHash, verifyOpenings, verifySum } from "../../web/src/protocol/shuffle/openings.ts";
import { shuffleGenerator } from "../../web/src/protocol/shuffle/proof.ts";
import { decodeSteps, verifyClaims, verifyGroups } from "../../web/src/protocol/shuffle/run.ts";
import { readRun, type RunRecord, ShuffleState } from "../../web/src/protocol/shuffle/state.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface RunJson {
  nodes: number;
  threshold: number;
  slots: number;
  commitments: string;
  record: string;
  start: string;
  steps: { outputs: string; vector: string[]; challenge: string; state: string }[];
  commitments_after: string;
  openings: string;
  ballots_hash: string;
}

interface ShuffleFile {
  poll_context: string;
  root_digest: string;
  generators: string[];
  runs: RunJson[];
  broken: { name: string; run: number; record: string; expect: Expected }[];
  committees: { nodes: number; threshold: number; faults: number; may_shuffle: boolean }[];
  covers: { nodes: number; threshold: number; groups: number[][]; covers: boolean }[];
}

const file = vectors<ShuffleFile>("shuffle");

const columnsOf = (json: string, threshold: number) => {
  const points = decodePoints(unhex(json));
  return Array.from({ length: points.length / threshold }, (_, at) => {
    return points.slice(at * threshold, (at + 1) * threshold);
  });
};

const countOf = ({ steps }: RunJson) => unhex(steps[0]!.outputs).length / 64;

function decoded(run: RunJson, record: Uint8Array): RunRecord {
  const reader = new Reader(record, "run");
  const read = readRun(reader, run.threshold, countOf(run));
  reader.end();
  return read;
}

function startOf({ commitments, threshold }: RunJson, turn: number): ShuffleState {
  const columns = columnsOf(commitments, threshold);
  const context = {
    pollContext: unhex(file.poll_context),
    rootDigest: unhex(file.root_digest),
    turn,
  };
  return ShuffleState.start(
    context,
    columns.map(([value]) => value!),
    columns.flatMap((column) => column.slice(1)),
  );
}

const keyOf = (count: number) => Array.from({ length: count + 1 }, (_, at) => shuffleGenerator(at));

/** Checks A1 to A3 of a record; the state after it. */
function verify(run: RunJson, record: Uint8Array): ShuffleState {
  const { turn, steps } = decoded(run, record);
  verifyGroups(run.nodes, run.threshold, steps);
  const { claims, last } = decodeSteps(startOf(run, turn), steps);
  verifyClaims(keyOf(countOf(run)), claims, systemRandomness);
  return last;
}

function openingsOf(run: RunJson): Share[] {
  const reader = new Reader(unhex(run.openings), "openings");
  const shares = Array.from({ length: countOf(run) }, (_, at) => {
    return readShare(reader, run.slots, `positions[${at + 1}]`);
  });
  reader.end();
  return shares;
}

describe("shuffle.json", () => {
  test("generators", () => {
    const found = file.generators.map((_, at) => toHex(encodePoints([shuffleGenerator(at)])));
    expect(found).toEqual(file.generators);
  });

  test.each(file.runs)("a run over $nodes nodes: states and challenges", (run) => {
    const { turn, steps } = decoded(run, unhex(run.record));
    const start = startOf(run, turn);
    expect(toHex(start.hash)).toBe(run.start);
    const { claims, last } = decodeSteps(start, steps);
    const found = claims.map(({ proof, vector, challenge }) => ({
      outputs: toHex(encodePoints(proof.outputs)),
      vector: vector.map(String),
      challenge: challenge.toString(),
    }));
    expect(found).toEqual(
      run.steps.map(({ outputs, vector, challenge }) => ({ outputs, vector, challenge })),
    );
    expect(toHex(last.hash)).toBe(run.steps.at(-1)!.state);
  });

  test.each(file.runs)("a run over $nodes nodes holds, and opens", (run) => {
    const { values } = verify(run, unhex(run.record));
    const openings = openingsOf(run);
    const key = new CommitmentKey(run.slots);
    verifyOpenings(key, values, openings, systemRandomness);
    expect(toHex(ballotsHash(openings.map((one) => one.values)))).toBe(run.ballots_hash);
    expect(toHex(ballotsHash(openings.map((one) => one.values).reverse()))).toBe(run.ballots_hash);
    openings.forEach((opening, at) => {
      const changed = openings.with(at, { ...opening, blinding: (opening.blinding + 1n) % R });
      expect(() => {
        verifyOpenings(key, values, changed, systemRandomness);
      }).toThrow(`A5: positions[${at + 1}]`);
    });
  });

  test.each(file.broken)("$name", ({ run, record, expect: expected }) => {
    expect(() => verify(file.runs[run]!, unhex(record))).toThrow(ERRORS[expected]);
  });

  test.each(file.committees)("committee of $nodes, $threshold, $faults", (one) => {
    expect(mayShuffle(one.nodes, one.threshold, one.faults)).toBe(one.may_shuffle);
  });

  test.each(file.covers)(
    "groups $groups cover: $covers",
    ({ nodes, threshold, groups, covers }) => {
      expect(groups.every((group) => isGroup(nodes, threshold, group))).toBe(true);
      expect(uncovered(nodes, threshold, groups).length === 0).toBe(covers);
    },
  );
});

test("the step whose proof fails is named", () => {
  const run = file.runs[1]!;
  const record = unhex(run.record);
  const changed = record.with(-33, record.at(-33)! ^ 1);
  expect(() => verify(run, changed)).toThrow("A3: steps[1]: the proof of shuffle does not hold");
});

test("ballots add up to the tally with its blinding, times the weight", () => {
  const openings = [
    { values: [1n, 0n], blinding: R - 1n },
    { values: [1n, 2n], blinding: 3n },
  ];
  verifySum(openings, 5n, { values: [10n, 10n], blinding: 10n });
  expect(() => {
    verifySum(openings, 5n, { values: [10n, 11n], blinding: 10n });
  }).toThrow("A6: tally[1]: 11, but the ballots give 10");
  expect(() => {
    verifySum(openings, 5n, { values: [10n, 10n], blinding: 11n });
  }).toThrow("A6: blinding: is not that of the ballots' sum");
});

test("long sums are made in parts, and one multiple too many is seen", () => {
  const points = Array.from({ length: 7 }, (_, at) => deriveGenerator(at));
  const many = Array.from({ length: 20_000 }, (_, at) => points[at % 7]!);
  const ones = many.map(() => 1n);
  const counts = points.map((_, at) => -BigInt(many.filter((one) => one === points[at]).length));
  const reports: number[] = [];
  const terms = new Terms();
  terms.add(many, ones);
  terms.add(points, counts);
  expect(terms.vanishes((part) => reports.push(part))).toBe(true);
  expect(reports.length).toBe(2);
  expect(reports.at(-1)).toBe(1);
  terms.add(points, [0n, 0n, 0n, 1n, 0n, 0n, 0n]);
  expect(terms.vanishes()).toBe(false);
});
