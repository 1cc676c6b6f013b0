/** JSON that others send. */

import { expect, test } from "vitest";

import { bytes, decimal, list, optional, record, text, whole } from "../../web/src/client/shape.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";

test("JSON passes only in the expected form", () => {
  const shape = record({ pollId: decimal, title: text, nodes: list(whole), key: optional(bytes) });
  const good = { poll_id: "12", title: "T", nodes: [1, 2], key: null, more: 1 };
  expect(shape(good, "poll")).toEqual({ pollId: 12n, title: "T", nodes: [1, 2], key: undefined });
  for (const [bad, names] of [
    [null, "poll"],
    [[], "poll"],
    [{ ...good, poll_id: 12 }, "poll.poll_id"],
    [{ ...good, poll_id: "1e3" }, "poll.poll_id"],
    [{ ...good, title: undefined }, "poll.title"],
    [{ ...good, nodes: [1, 0.5] }, "poll.nodes[1]"],
    [{ ...good, key: "0x0G" }, "poll.key"],
    [Object.create(good), "poll.poll_id"],
  ] as const) {
    expect(() => shape(bad, "poll")).toThrow(Malformed);
    expect(() => shape(bad, "poll")).toThrow(names);
  }
});
