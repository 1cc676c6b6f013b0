/** Polls as JSON, and as a gateway shows them. */

import { describe, expect, test } from "vitest";

import { compare, pollFromJson, pollJson, pollToJson } from "../../web/src/client/poll.ts";
import { toHex, utf8 } from "../../web/src/protocol/encoding.ts";
import { Rejected } from "../../web/src/protocol/errors.ts";
import { Plurality } from "../../web/src/protocol/outcome/plurality.ts";
import { SingleChoice } from "../../web/src/protocol/question/selection.ts";
import { publicKeyOf } from "./support/poll_keys.ts";
import { POLL, pollOf, VOTER } from "./support/votes.ts";

test("a gateway with different keys is detected", () => {
  const keys = [1, 2, 3, 4].map((byte) => publicKeyOf(new Uint8Array(32).fill(byte)));
  expect(() => {
    compare(pollOf({ pollKeys: keys }), POLL);
  }).toThrow("poll_keys");
  expect(() => {
    compare(pollOf({ closesAt: 201n }), POLL);
  }).toThrow("poll_context");
  compare(pollOf(), POLL);
  expect(() => pollOf({ pollKeys: keys.slice(1) })).toThrow(Rejected);
});

describe("changes of a poll with the same context", () => {
  const shown = JSON.parse(JSON.stringify(pollToJson(POLL))) as Record<string, unknown> & {
    committee: { nodes: { node: number; address: string; url: string }[] };
  };
  const read = (changes: object) => pollFromJson(pollJson({ ...shown, ...changes }, "poll"));
  const nodesWith = (change: object) => ({
    committee: {
      ...shown.committee,
      nodes: shown.committee.nodes.map((node, place) => (place ? node : { ...node, ...change })),
    },
  });
  const other = pollOf({ closesAt: 201n });
  const plurality = new Plurality(1, 2, 0n).encode();
  const yesNo = new SingleChoice("Who?", ["Yes", "No", "Maybe"]);

  test("JSON gives back the same poll", () => {
    expect(read({}).data).toEqual(POLL.data);
  });

  test.each([
    ["a node", nodesWith({ address: toHex(VOTER.address) }), "committee"],
    ["a node's URL", nodesWith({ url: "https://lies.example" }), "committee"],
    ["the threshold", { committee: { ...shown.committee, threshold: 3, faults: 0 } }, "committee"],
    ["the times", { parameters: toHex(other.data.parameters) }, "context"],
    ["the rule", { rule: toHex(yesNo.rule.encode()) }, "rule"],
    ["the outcome rule", { outcome_rule: toHex(plurality) }, "outcome rule"],
    ["the words", { description: toHex(utf8('{"title":"X","options":["a","b"]}')) }, "description"],
    ["the poll", { poll: "4" }, "context"],
    ["the chain", { chain_id: 1 }, "context"],
    ["the registry", { registry: toHex(VOTER.address) }, "context"],
    ["the context", { poll_context: toHex(new Uint8Array(32)) }, "context"],
  ])("a gateway that swaps %s is refused", (_, changes, names) => {
    expect(() => read(changes)).toThrow(Rejected);
    expect(() => read(changes)).toThrow(`P1: ${names}`);
  });
});
