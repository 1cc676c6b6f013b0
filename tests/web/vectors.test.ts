/** Every shared vector, in TypeScript: one case, one reason, the expected class of error. */

import { describe, expect, test } from "vitest";

import { BallotLayout } from "../../web/src/protocol/ballot.ts";
import {
  checkOpening,
  openedDigest,
  openingToJson,
  readOpening,
} from "../../web/src/protocol/challenge.ts";
import { Census, encodeEntry } from "../../web/src/protocol/census.ts";
import { verifyCensusProof } from "../../web/src/protocol/census_tree.ts";
import { splitSections } from "../../web/src/protocol/board.ts";
import { deriveGenerator, generators } from "../../web/src/protocol/commitment.ts";
import * as curve from "../../web/src/protocol/curve.ts";
import { concat, Reader, toHex, unsigned } from "../../web/src/protocol/encoding.ts";
import { AuditError, Rejected } from "../../web/src/protocol/errors.ts";
import { parseJson, readJson } from "../../web/src/protocol/json.ts";
import { rootDigest, SumTree } from "../../web/src/protocol/merkle_sum.ts";
import { askedQuestions, Committee, decodeDescription } from "../../web/src/protocol/parameters.ts";
import { decodeIdentity, decodeParameters } from "../../web/src/protocol/parameters.ts";
import { encodeParameters } from "../../web/src/protocol/parameters.ts";
import {
  checkPollKey,
  checkPollKeys,
  nodeKey,
  nodeKeysHash,
} from "../../web/src/protocol/poll_key.ts";
import { ProofShape, verifyProofs } from "../../web/src/protocol/proof.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { impliedQuestion } from "../../web/src/protocol/question/implied.ts";
import { approval, knapsack, singleChoice } from "../../web/src/protocol/question/selection.ts";
import {
  checkRedemptions,
  decodeRedemptions,
  pollElectorate,
  roundElectorate,
} from "../../web/src/protocol/redemption.ts";
import { BallotRule, slackBits, slackCoefficients } from "../../web/src/protocol/rule.ts";
import { answersOf } from "../../web/src/protocol/question/poll.ts";
import { ballotInfo } from "../../web/src/protocol/sealing.ts";
import { readShare } from "../../web/src/protocol/sharing.ts";
import { combine } from "../../web/src/protocol/tally_proof.ts";
import { Transcript } from "../../web/src/protocol/transcript.ts";
import { Domain, recover, type Value } from "../../web/src/protocol/typed_data.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import { publicKeyOf } from "./support/poll_keys.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface DecodeCase {
  name: string;
  data: string;
  identity: boolean;
  expect?: Expected;
  reason?: string;
}

interface CurveCase {
  operation: "add" | "negate" | "scale" | "sum" | "msm";
  name: string;
  points: string;
  others?: string;
  scalars?: string[];
  result: string;
}

describe("curve.json", () => {
  const given = vectors<{ decode: DecodeCase[]; operations: CurveCase[] }>("curve");

  test.each(given.decode)("decode: $name", ({ data, identity, expect: expected, reason }) => {
    const decode = () => curve.decodePoints(unhex(data), identity);
    if (expected) {
      expect(decode).toThrow(ERRORS[expected]);
      expect(decode).toThrow(reason);
    } else {
      expect(toHex(curve.encodePoints(decode()))).toBe(data);
    }
  });

  const operations: Record<
    CurveCase["operation"],
    (points: curve.Point[], others: curve.Point[], scalars: bigint[]) => curve.Point[]
  > = {
    add: (points, others) => curve.add(points, others),
    negate: (points) => points.map(curve.negate),
    scale: (points, _, scalars) => curve.scale(points, scalars),
    sum: (points) => [curve.sum(points)],
    msm: (points, _, scalars) => [curve.msm(points, scalars)],
  };

  test.each(given.operations)("$operation: $name", (one) => {
    const points = curve.decodePoints(unhex(one.points), true);
    const others = curve.decodePoints(unhex(one.others ?? "0x"), true);
    const scalars = (one.scalars ?? []).map(BigInt);
    const result = operations[one.operation](points, others, scalars);
    expect(toHex(curve.encodePoints(result))).toBe(one.result);
  });

  test.each(given.operations.filter(({ operation }) => operation === "msm"))(
    "fixed bases: $name",
    (one) => {
      const bases = new curve.FixedBases(curve.decodePoints(unhex(one.points), true));
      const committed = bases.commit([(one.scalars ?? []).map(BigInt)]);
      expect(toHex(curve.encodePoints(committed))).toBe(one.result);
    },
  );
});

test("generators.json", () => {
  const { points } = vectors<{ points: string[] }>("generators");
  expect(points.map((_, index) => toHex(curve.encodePoints([deriveGenerator(index)])))).toEqual(
    points,
  );
});

interface TranscriptCase {
  purpose: string;
  poll_context: string;
  messages: [label: string, message: string][];
  challenge: string;
}

test.each(vectors<{ cases: TranscriptCase[] }>("transcript").cases)(
  "transcript.json: $purpose $messages",
  ({ purpose, poll_context, messages, challenge }) => {
    const transcript = new Transcript(purpose, unhex(poll_context));
    for (const [label, message] of messages) transcript.absorb(label, unhex(message));
    expect(transcript.challenge()).toBe(BigInt(challenge));
  },
);

interface TypedDataFile {
  chain_id: number;
  registry: string;
  signer: string;
  separator: string;
  cases: { type: string; values: (string | number)[]; digest: string; signature: string }[];
  refused: { name: string; digest: string; signature: string; expect: Expected }[];
}

describe("typed_data.json", () => {
  const given = vectors<TypedDataFile>("typed_data");
  const domain = new Domain(BigInt(given.chain_id), unhex(given.registry));

  test("separator", () => {
    expect(toHex(domain.separator)).toBe(given.separator);
  });

  test.each(given.cases)("$type", ({ type, values, digest, signature }) => {
    const read = values.map((value): Value => {
      if (typeof value === "number") return BigInt(value);
      return value.startsWith("0x") ? unhex(value) : value;
    });
    const computed = domain.digest(type, ...read);
    expect(toHex(computed)).toBe(digest);
    expect(toHex(recover(computed, unhex(signature)))).toBe(given.signer);
  });

  test.each(given.refused)("refused: $name", ({ digest, signature, expect: expected }) => {
    expect(() => recover(unhex(digest), unhex(signature))).toThrow(ERRORS[expected]);
  });
});

interface RuleCase {
  name: string;
  rule: string;
  expect: "valid" | Expected;
  digest: string;
  slots: number;
  max_slot_value: string;
  slots_are_bits: boolean;
}

test.each(vectors<{ cases: RuleCase[] }>("rule").cases)("rule.json: $name", (one) => {
  if (one.expect !== "valid") {
    expect(() => BallotRule.decode(unhex(one.rule))).toThrow(ERRORS[one.expect]);
    return;
  }
  const rule = BallotRule.decode(unhex(one.rule));
  expect(toHex(rule.encode())).toBe(one.rule);
  expect(toHex(rule.digest)).toBe(one.digest);
  expect(rule.slots.length).toBe(one.slots);
  expect(rule.maxSlotValue).toBe(BigInt(one.max_slot_value));
  expect(rule.slotsAreBits).toBe(one.slots_are_bits);
});

interface ConstructorsFile {
  single_choice: { options: number; rule: string }[];
  approval: { options: number; at_least: number; at_most: number; rule: string }[];
  knapsack: { costs: string[]; budget: string; rule: string }[];
  rounds: { ballot: string; rule: string; implied: { options: string[] } }[];
}

describe("constructors.json", () => {
  const given = vectors<ConstructorsFile>("constructors");

  test.each(given.single_choice)("single choice of $options", ({ options, rule }) => {
    expect(toHex(singleChoice(options).encode())).toBe(rule);
  });

  test.each(given.approval)("approval of $at_least to $at_most of $options", (one) => {
    expect(toHex(approval(one.options, one.at_least, one.at_most).encode())).toBe(one.rule);
  });

  test.each(given.knapsack)("knapsack of $budget", ({ costs, budget, rule }) => {
    expect(toHex(knapsack(costs.map(BigInt), BigInt(budget)).encode())).toBe(rule);
  });

  test.each(given.rounds)("the rule of $ballot says what is asked", ({ rule, implied }) => {
    const question = impliedQuestion(BallotRule.decode(unhex(rule)), "Round", implied.options);
    expect(JSON.parse(JSON.stringify(question.toJson()))).toEqual(implied);
    expect(toHex(question.rule.encode())).toBe(rule);
  });

  test("a rule of no question says none", () => {
    const twice = new BallotRule(2, [[{ bit: 0, coefficient: 2n }], [{ bit: 1, coefficient: 3n }]]);
    expect(() => impliedQuestion(twice, "Round", ["a", "b"])).toThrow(Rejected);
  });
});

test.each(vectors<{ cases: { span: number; coefficients: string[] }[] }>("slack").cases)(
  "slack.json: $span",
  ({ span, coefficients }) => {
    expect(slackCoefficients(BigInt(span))).toEqual(coefficients.map(BigInt));
    for (let value = 0n; value <= BigInt(span); value++) {
      const bits = slackBits(BigInt(span), value);
      const sum = bits.reduce(
        (total, bit, number) => total + bit * BigInt(coefficients[number]!),
        0n,
      );
      expect(sum).toBe(value);
    }
  },
);

interface BallotCase {
  name: string;
  rule: string;
  threshold: number;
  poll_context: string;
  ballot: string;
  digest: string;
  expect: "valid" | Expected;
}

describe("ballot.json", () => {
  const { cases } = vectors<{ cases: BallotCase[] }>("ballot");

  test.each(cases)("$name", (one) => {
    const shape = new ProofShape(BallotRule.decode(unhex(one.rule)), one.threshold);
    const check = () => {
      const ballot = new BallotLayout(shape).decode(unhex(one.ballot));
      const points = generators(shape.rule.width);
      verifyProofs(points, shape, unhex(one.poll_context), [ballot.proof], systemRandomness);
      return ballot;
    };
    if (one.expect === "valid") {
      const ballot = check();
      expect(toHex(ballot.encoded)).toBe(one.ballot);
      expect(toHex(ballot.digest)).toBe(one.digest);
    } else {
      expect(check).toThrow(ERRORS[one.expect]);
    }
  });
});

interface OpeningCase {
  name: string;
  poll: {
    chain_id: string;
    registry: string;
    poll: string;
    poll_context: string;
    description: string;
    rule: string;
    threshold: number;
  };
  opening: Record<string, string>;
  digest: string;
}

describe("openings.json", () => {
  const given = vectors<{
    cases: (OpeningCase & { says: { question: string; answer: string[] }[] })[];
    refused: (OpeningCase & { check: string })[];
  }>("openings");

  const check = ({ poll, opening, digest }: OpeningCase) => {
    const rule = BallotRule.decode(unhex(poll.rule));
    const read = readOpening(JSON.stringify(opening));
    const identity = {
      chainId: BigInt(poll.chain_id),
      registry: unhex(poll.registry),
      pollId: BigInt(poll.poll),
    };
    const context = unhex(poll.poll_context);
    const shape = new ProofShape(rule, poll.threshold);
    checkOpening({ identity, context, rule, shape }, unhex(digest), read, systemRandomness);
    const description = decodeDescription(unhex(poll.description));
    return { read, said: answersOf(askedQuestions(description, rule), read.bits) };
  };

  test.each(given.cases)("$name", (one) => {
    const { read, said } = check(one);
    expect(said).toEqual(one.says);
    expect(openingToJson(read)).toEqual(one.opening);
    expect(toHex(openedDigest(read))).toBe(one.digest);
  });

  test.each(given.refused)("refused: $name", (one) => {
    expect(() => check(one)).toThrow(one.name === "a ballot cut short" ? /ballot/ : one.check);
  });

  test.each([
    ["format", "ostraka/opening/v1"],
    ["chain_id", "031337"],
    ["registry", "0x12"],
    ["bits", "0 1"],
    ["bits", ""],
    ["blinding", `0x${"ff".repeat(32)}`],
    ["blinding", "0x01"],
    ["more", ""],
  ])("no opening: %s %s", (member, value) => {
    const content = { ...given.cases[0]!.opening, [member]: value };
    const named = member === "more" ? "members" : member;
    expect(() => readOpening(JSON.stringify(content))).toThrow(named);
  });
});

interface CensusFile {
  cases: {
    census: string;
    hash: string;
    sum: string;
    root: string;
    proofs: { index: number; siblings: string }[];
  }[];
  refused: { name: string; census: string; expect: Expected }[];
}

describe("census.json", () => {
  const given = vectors<CensusFile>("census");

  test.each(given.cases)("root $root", ({ census: encoded, hash, sum, root, proofs }) => {
    const census = Census.decode(unhex(encoded));
    expect(toHex(census.root)).toBe(root);
    expect(toHex(census.encode())).toBe(encoded);
    const opened = census.tree.root;
    expect([toHex(opened.hash), opened.sum]).toEqual([hash, BigInt(sum)]);
    for (const { index, siblings } of proofs) {
      const entry = census.entries[index]!;
      const proof = census.proof(entry.account);
      expect(proof.index).toBe(index);
      const packed = proof.siblings.flatMap((node) => [node.hash, unsigned(node.sum, 16)]);
      expect(toHex(concat(packed))).toBe(siblings);
      verifyCensusProof(unhex(root), opened, encodeEntry(entry), proof);
      const refuses = (...changed: Parameters<typeof verifyCensusProof>) => {
        expect(() => {
          verifyCensusProof(...changed);
        }).toThrow(AuditError);
      };
      const leaf = encodeEntry(entry);
      const richer = encodeEntry({ ...entry, weight: entry.weight + 1n });
      refuses(unhex(root), opened, richer, proof);
      refuses(unhex(root), opened, leaf, { ...proof, index: opened.count });
      refuses(unhex(root), { ...opened, sum: opened.sum + 1n }, leaf, proof);
      refuses(unhex(root), opened, leaf, { ...proof, siblings: [...proof.siblings, opened] });
      if (proof.siblings.length) {
        const [first, ...others] = proof.siblings;
        const heavier = { ...first!, sum: first!.sum + 1n };
        refuses(unhex(root), opened, leaf, { index, siblings: [heavier, ...others] });
        const wrapping = { ...first!, sum: 1n << 128n };
        refuses(unhex(root), opened, leaf, { index, siblings: [wrapping, ...others] });
        refuses(unhex(root), opened, leaf, { ...proof, index: index ^ 1 });
      }
    }
  });

  test.each(given.refused)("refused: $name", ({ census, expect: expected }) => {
    expect(() => Census.decode(unhex(census))).toThrow(ERRORS[expected]);
  });
});

interface PollKeysFile {
  keys: { seed: string; public_key: string; node_key: string; cleared: string }[];
  poll_keys: string;
  refused: { name: string; public_key: string; expect: Expected }[];
  refused_lists: { name: string; public_keys: string[]; expect: Expected }[];
}

describe("poll_keys.json", () => {
  const given = vectors<PollKeysFile>("poll_keys");

  test("keys, words and their hash", () => {
    const keys = given.keys.map((one) => unhex(one.public_key));
    expect(given.keys.map(({ seed }) => toHex(publicKeyOf(unhex(seed))))).toEqual(
      given.keys.map((one) => one.public_key),
    );
    expect(keys.map((key) => toHex(nodeKey(key)))).toEqual(given.keys.map((one) => one.node_key));
    expect(keys.map((key) => toHex(checkPollKey(key)))).toEqual(
      given.keys.map((one) => one.cleared),
    );
    expect(toHex(nodeKeysHash(keys.map(nodeKey)))).toBe(given.poll_keys);
    checkPollKeys(keys);
  });

  test.each(given.refused)("refused: $name", ({ public_key, expect: expected }) => {
    expect(() => checkPollKey(unhex(public_key))).toThrow(ERRORS[expected]);
  });

  test.each(given.refused_lists)("refused together: $name", ({ public_keys, expect: expected }) => {
    const keys = public_keys.map(unhex);
    expect(() => {
      checkPollKeys(keys);
    }).toThrow(ERRORS[expected]);
  });
});

test("sealing.json", () => {
  const given = vectors<{ poll_context: string; info: Record<string, string> }>("sealing");
  const info = ballotInfo(unhex(given.poll_context), 3);
  expect(toHex(info)).toBe(given.info["ballot for node 3"]);
});

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

test.each(
  vectors<{ cases: { name: string; data: string; expect: "valid" | Expected }[] }>("json").cases,
)("json.json: $name", ({ data, expect: expected }) => {
  const parse = () => parseJson(unhex(data), "json");
  if (expected === "valid") {
    expect(parse).not.toThrow();
    expect(() => readJson(UTF8.decode(unhex(data)), "json")).not.toThrow();
    return;
  }
  expect(parse).toThrow(ERRORS[expected]);
  // Files come to a page as texts, in which no byte is left that is none of a character.
  const text = UTF8.decode(unhex(data));
  if (!text.includes("\ufffd")) expect(() => readJson(text, "json")).toThrow(ERRORS[expected]);
});

interface RedemptionsFile {
  chain_id: number;
  contract: string;
  round: number;
  nonce: string;
  root: string;
  round_electorate: string;
  poll_electorate: string;
  cases: { name: string; census: string; redemptions: string; expect: "valid" | Expected }[];
}

describe("redemptions.json", () => {
  const given = vectors<RedemptionsFile>("redemptions");
  const [chainId, contract, root] = [
    BigInt(given.chain_id),
    unhex(given.contract),
    unhex(given.root),
  ];
  const round = { treasury: contract, roundId: BigInt(given.round) };
  const electorate = roundElectorate(chainId, round, root);

  test("electorates", () => {
    expect(toHex(electorate)).toBe(given.round_electorate);
    const ofPoll = pollElectorate(chainId, contract, unhex(given.nonce), root);
    expect(toHex(ofPoll)).toBe(given.poll_electorate);
  });

  test.each(given.cases)("$name", ({ census: encoded, redemptions, expect: expected }) => {
    const check = () => {
      const census = Census.decode(unhex(encoded));
      const read = decodeRedemptions(unhex(redemptions), census.entries.length);
      checkRedemptions(read, census, root, electorate, new Domain(chainId, contract));
    };
    if (expected === "valid") check();
    else expect(check).toThrow(ERRORS[expected]);
  });
});

interface SumTreeCase {
  leaves: { voter: string; weight: string; cast_at: number; digest: string; value: string }[];
  hash: string;
  sum: string;
  root_digest: string;
}

test.each(vectors<{ cases: SumTreeCase[] }>("merkle_sum").cases)(
  "merkle_sum.json: $leaves.length leaves",
  ({ leaves, hash, sum, root_digest }) => {
    const values = leaves.map(({ value }) => curve.decodePoints(unhex(value))[0]!);
    const read = leaves.map(({ voter, weight, cast_at, digest }) => ({
      voter: unhex(voter),
      weight: BigInt(weight),
      castAtUnixS: unixSeconds(cast_at),
      digest: unhex(digest),
    }));
    const { root } = new SumTree(read, values);
    expect([toHex(root.hash), toHex(root.sum)]).toEqual([hash, sum]);
    expect(toHex(rootDigest(root))).toBe(root_digest);
  },
);

interface BoardFile {
  containers: { name: string; board: string; expect: "valid" | Expected }[];
  board: { poll: string; parameters: string; committee: string; committee_digest: string };
  tally: string[];
  blinding: string;
  aggregate_shares: { node: number; share: string }[];
}

describe("board.json", () => {
  const { containers } = vectors<BoardFile>("board");

  test.each(containers)("$name", ({ board, expect: expected }) => {
    const split = () => splitSections(unhex(board));
    if (expected === "valid") expect(split()).toHaveProperty("leaves");
    else expect(split).toThrow(ERRORS[expected]);
  });
});

test("board.json: sections", () => {
  const given = vectors<BoardFile>("board");
  const parameters = decodeParameters(unhex(given.board.parameters));
  expect(toHex(encodeParameters(parameters))).toBe(given.board.parameters);
  const committee = Committee.decode(unhex(given.board.committee));
  expect(toHex(committee.digest)).toBe(given.board.committee_digest);
  expect(toHex(committee.encode())).toBe(given.board.committee);
  expect(decodeIdentity(unhex(given.board.poll)).pollId).toBe(1n);
  const shares = given.aggregate_shares.map(({ node, share }) => {
    const reader = new Reader(unhex(share), "share");
    return [node, readShare(reader, given.tally.length, "share")] as const;
  });
  const tally = combine(new Map(shares), committee.threshold);
  expect(tally.values).toEqual(given.tally.map(BigInt));
  expect(tally.blinding).toBe(BigInt(given.blinding));
});
