/** Poll keys of the shared vectors, and what is sealed to them. */

import { describe, expect, test } from "vitest";

import { toHex } from "../../web/src/protocol/encoding.ts";
import {
  checkPollKey,
  checkPollKeys,
  nodeKey,
  nodeKeysHash,
} from "../../web/src/protocol/poll_key.ts";
import { ballotInfo } from "../../web/src/protocol/sealing.ts";
import { publicKeyOf } from "./support/poll_keys.ts";
import { ERRORS, type Expected, unhex, vectors } from "./support/vectors.ts";

interface PollKeysFile {
  keys: { seed: string; public_key: string; node_key: string; cleared: string }[];
  poll_keys: string;
  refused: { name: string; public_key: string; expect: Expected }[];
  refused_lists: { name: string; public_keys: string[]; expect: Expected }[];
}

describe("poll_keys.json", () => {
  const given = vectors<PollKeysFile>("poll_keys");

  test("keys give the words and their hash", () => {
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
