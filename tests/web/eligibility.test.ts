/** Which keys may vote or propose, as the gateway's lists have it. */

import { expect, test } from "vitest";

import { readMembers, readStandings } from "../../web/src/client/eligibility.ts";
import { type Gateway, Refusal } from "../../web/src/client/gateway.ts";
import { problem } from "../../web/src/client/problem.ts";
import { Census } from "../../web/src/protocol/census.ts";
import { toHex } from "../../web/src/protocol/encoding.ts";

const [FIRST, SECOND, STRANGER] = [1, 2, 9].map((byte) => new Uint8Array(20).fill(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const CENSUS = new Census([
  { account: FIRST, signingKey: FIRST, weight: 1n },
  { account: SECOND, signingKey: STRANGER, weight: 1n },
]);

function refusing(code: string): () => never {
  return () => {
    throw new Refusal(problem({ type: `urn:ostraka:problem:${code}`, status: 404 }, "poll"));
  };
}

function gatewayWith(answer: (path: string) => unknown) {
  const asked: string[] = [];
  const served = (path: string) => {
    asked.push(path);
    return Promise.resolve().then(() => answer(path));
  };
  return { gateway: { get: served, download: served } as unknown as Gateway, asked };
}

test("the list of voters says of each key whether it votes, without learning the keys", async () => {
  const { gateway, asked } = gatewayWith(() => CENSUS.encode());
  const poll = { poll: 7n, voters: 2 };
  const found = await readStandings(gateway, poll, [FIRST, SECOND, STRANGER], []);
  expect(found?.map(({ standing }) => standing.kind)).toEqual(["votes", "other key", "votes"]);
  expect(asked).toEqual(["/polls/7/census"]);
});

test("a long list is asked for the keys only", async () => {
  const { gateway, asked } = gatewayWith(() => []);
  const found = await readStandings(gateway, { poll: 7n, voters: 5001 }, [FIRST], []);
  expect(found?.map(({ standing }) => standing.kind)).toEqual(["nobody"]);
  expect(asked).toEqual([`/polls/7/voters/${toHex(FIRST)}`]);
});

test("a list that the gateway lacks says nothing", async () => {
  const { gateway } = gatewayWith(refusing("not-found"));
  expect(await readStandings(gateway, { poll: 7n, voters: 2 }, [FIRST], [])).toBeUndefined();
});

test("without a key nothing is asked", async () => {
  const { gateway, asked } = gatewayWith(() => CENSUS.encode());
  expect(await readStandings(gateway, { poll: 7n, voters: 2 }, [], [])).toEqual([]);
  expect(asked).toEqual([]);
});

test("members are those whose account the round knows", async () => {
  const { gateway } = gatewayWith((path) => {
    return path.endsWith(toHex(FIRST)) ? {} : refusing("no-such-member")();
  });
  expect(await readMembers(gateway, 3n, [FIRST, STRANGER])).toEqual([FIRST]);
  const lost = gatewayWith(refusing("chain-unreachable"));
  await expect(readMembers(lost.gateway, 3n, [FIRST])).rejects.toThrow(Refusal);
});
