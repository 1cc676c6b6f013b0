/** Registration: redemption by both keys, the gateway's statement, and the list of voters. */

import { describe, expect, test } from "vitest";

import { type Gateway, Refusal } from "../../web/src/client/gateway.ts";
import { problem } from "../../web/src/client/problem.ts";
import {
  keepRegistration,
  placesOf,
  redeem,
  REDEEMED,
  registrationJson,
  registrationsFor,
} from "../../web/src/client/registration.ts";
import { readStanding, standingOf } from "../../web/src/client/standing.ts";
import type { Config, Invited } from "../../web/src/client/views.ts";
import { Census, type CensusEntry } from "../../web/src/protocol/census.ts";
import { compareBytes, fromHex, toHex } from "../../web/src/protocol/encoding.ts";
import { Malformed, Rejected } from "../../web/src/protocol/errors.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";
import { systemRandomness } from "../../web/src/protocol/randomness.ts";
import { pollElectorate, roundElectorate } from "../../web/src/protocol/redemption.ts";
import { Domain, recover, REDEMPTION } from "../../web/src/protocol/typed_data.ts";
import { Shelf } from "./support/shelf.ts";

const CHAIN = 31337;
const [REGISTRY, TREASURY] = [8, 9].map((byte) => new Uint8Array(20).fill(byte)) as [
  Uint8Array,
  Uint8Array,
];
const [ROOT, NONCE] = [1, 2].map((byte) => new Uint8Array(32).fill(byte)) as [
  Uint8Array,
  Uint8Array,
];
const key = (byte: number) => new SigningKey(new Uint8Array(32).fill(byte));
const [INVITATION, OWN, GATEWAY, STRANGER] = [3, 4, 5, 6].map(key) as [
  SigningKey,
  SigningKey,
  SigningKey,
  SigningKey,
];
const CONFIG = {
  chainId: CHAIN,
  registry: REGISTRY,
  treasury: TREASURY,
  account: GATEWAY.address,
} as Config;
const OF_POLL = {
  chainId: CHAIN,
  contract: REGISTRY,
  round: undefined,
  nonce: NONCE,
  root: ROOT,
};
const OF_ROUND = {
  chainId: CHAIN,
  contract: TREASURY,
  round: 4n,
  nonce: undefined,
  root: ROOT,
};
const PLACE: Invited = {
  plan: "a",
  title: "Where?",
  weight: 2n,
  electorate: OF_POLL,
  signingKey: undefined,
  code: undefined,
  open: true,
};

type Body = Readonly<Record<string, string>>;

/** A gateway that answers redemptions with a statement by `by` about a signing key. */
function gatewayOf(named: Uint8Array, contract: Uint8Array, by = GATEWAY, of?: SigningKey) {
  const sent: Body[] = [];
  const gateway = {
    post: (path: string, body: Body, shape: (answer: unknown, at: string) => unknown) => {
      expect(path).toBe("/invitations/redemption");
      sent.push(body);
      const bytes = (name: string) => fromHex(body[name]!, name);
      const digest = new Domain(BigInt(CHAIN), contract).digest(
        REDEEMED,
        named,
        bytes("invitation"),
        of?.address ?? bytes("signing_key"),
      );
      const { plan, invitation, signing_key } = body;
      const statement = toHex(by.sign(digest));
      const answer = { plan, invitation, signing_key, weight: "2", statement };
      return Promise.resolve(shape(answer, path));
    },
  } as unknown as Gateway;
  return { gateway, sent };
}

const NAMED_POLL = pollElectorate(BigInt(CHAIN), REGISTRY, NONCE, ROOT);
const NAMED_ROUND = roundElectorate(BigInt(CHAIN), { treasury: TREASURY, roundId: 4n }, ROOT);

describe("an invitation is redeemed by both keys", () => {
  test.each([
    ["of a poll", OF_POLL, REGISTRY, NAMED_POLL],
    ["of a round", OF_ROUND, TREASURY, NAMED_ROUND],
  ])("%s", async (_, electorate, contract, named) => {
    const { gateway, sent } = gatewayOf(named, contract);
    const place = { ...PLACE, electorate };
    const done = await redeem(gateway, CONFIG, place, INVITATION, OWN);
    const [body] = sent;
    expect(body).toMatchObject({
      plan: "a",
      invitation: toHex(INVITATION.address),
      signing_key: toHex(OWN.address),
    });
    const digest = new Domain(BigInt(CHAIN), contract).digest(
      REDEMPTION,
      named,
      INVITATION.address,
      OWN.address,
    );
    expect(recover(digest, fromHex(body!["by_invitation"]!, ""))).toEqual(INVITATION.address);
    expect(recover(digest, fromHex(body!["by_signing_key"]!, ""))).toEqual(OWN.address);
    // The code is the secret and is not sent.
    expect(JSON.stringify(sent)).not.toContain(toHex(INVITATION.secret()).slice(2));
    expect(done).toMatchObject({ plan: "a", weight: 2n, gateway: GATEWAY.address });
  });

  test("and by the code that replaced the invitation's own", async () => {
    const { gateway, sent } = gatewayOf(NAMED_ROUND, TREASURY);
    const code = SigningKey.generate(systemRandomness);
    const place = { ...PLACE, electorate: OF_ROUND, code: code.address };
    await redeem(gateway, CONFIG, place, INVITATION, OWN, code);
    const digest = new Domain(BigInt(CHAIN), TREASURY).digest(
      REDEMPTION,
      NAMED_ROUND,
      code.address,
      OWN.address,
    );
    expect(recover(digest, fromHex(sent[0]!["by_code"]!, ""))).toEqual(code.address);
  });

  test.each([
    ["another chain", { ...OF_POLL, chainId: 1 }],
    ["another contract", { ...OF_POLL, contract: TREASURY }],
    ["a round in the registry", { ...OF_ROUND, contract: REGISTRY }],
    ["neither round nor nonce", { ...OF_POLL, nonce: undefined }],
    ["both", { ...OF_ROUND, nonce: NONCE }],
    ["a short root", { ...OF_POLL, root: new Uint8Array(31) }],
    ["a short nonce", { ...OF_POLL, nonce: new Uint8Array(31) }],
  ])("nothing is signed for %s", async (_, electorate) => {
    const { gateway, sent } = gatewayOf(NAMED_POLL, REGISTRY);
    const never = { address: OWN.address, signStatement: () => Promise.reject(new Error("asked")) };
    const place = { ...PLACE, electorate };
    const redeeming = redeem(gateway, CONFIG, place, INVITATION, never);
    await expect(redeeming).rejects.toThrow(Malformed);
    expect(sent).toEqual([]);
  });

  test.each([
    ["somebody else", STRANGER, undefined],
    ["the gateway, of another key", GATEWAY, STRANGER],
  ])("a statement by %s is refused", async (_, by, of) => {
    const { gateway } = gatewayOf(NAMED_POLL, REGISTRY, by, of);
    await expect(redeem(gateway, CONFIG, PLACE, INVITATION, OWN)).rejects.toThrow(Rejected);
  });

  test("its plans are requested by its address", async () => {
    const asked: string[] = [];
    const gateway = {
      get: (path: string, shape: (value: unknown, at: string) => unknown) => {
        asked.push(path);
        return Promise.resolve(shape([], path));
      },
    } as unknown as Gateway;
    expect(await placesOf(gateway, INVITATION)).toEqual([]);
    expect(asked).toEqual([`/invitations/${toHex(INVITATION.address)}`]);
  });
});

describe("what the gateway signed", () => {
  const round = { treasury: TREASURY, roundId: 4n };
  const ofPoll = { root: ROOT, nonce: NONCE, round: undefined };

  test("is stored and found by the poll's invitations", async () => {
    const shelf = new Shelf();
    const first = gatewayOf(NAMED_POLL, REGISTRY);
    const polls = await redeem(first.gateway, CONFIG, PLACE, INVITATION, OWN);
    const place = { ...PLACE, plan: "b", electorate: OF_ROUND };
    const second = gatewayOf(NAMED_ROUND, TREASURY);
    const rounds = await redeem(second.gateway, CONFIG, place, INVITATION, OWN);
    for (const one of [polls, rounds, polls]) keepRegistration(shelf, one);
    expect(registrationsFor(shelf, ofPoll)).toEqual([polls]);
    expect(registrationsFor(shelf, { root: ROOT, nonce: undefined, round })).toEqual([rounds]);
    for (const other of [
      { ...ofPoll, root: NONCE },
      { ...ofPoll, nonce: ROOT },
      { ...ofPoll, nonce: undefined },
      { root: ROOT, nonce: undefined, round: { ...round, roundId: 5n } },
      { root: ROOT, nonce: undefined, round: { ...round, treasury: REGISTRY } },
    ]) {
      expect(registrationsFor(shelf, other)).toEqual([]);
    }
    expect(JSON.parse(registrationJson(polls))).toMatchObject({
      signing_key: toHex(OWN.address),
      gateway: toHex(GATEWAY.address),
    });
  });

  test("is absent where another value is stored", () => {
    const shelf = new Shelf();
    for (const content of ["{", "{}", '[{"title": 1}]']) {
      shelf.setItem("ostraka/registrations", content);
      expect(registrationsFor(shelf, ofPoll)).toEqual([]);
    }
  });
});

const REGISTRATION = {
  title: "Where?",
  plan: "a",
  invitation: INVITATION.address,
  signingKey: OWN.address,
  weight: 2n,
  electorate: OF_POLL,
  gateway: GATEWAY.address,
  statement: new Uint8Array(65),
};

function entry(account: SigningKey, signingKey: SigningKey): CensusEntry {
  return { account: account.address, signingKey: signingKey.address, weight: 1n };
}

describe("a key", () => {
  const other = entry(STRANGER, STRANGER);

  test("votes for the invitation that it redeemed", () => {
    expect(standingOf([entry(INVITATION, OWN), other], OWN.address, [REGISTRATION])).toEqual({
      kind: "votes",
      listed: true,
      accounts: [INVITATION.address],
    });
  });

  test("votes for several accounts where keys are shared", () => {
    const shared = [entry(INVITATION, OWN), entry(OWN, OWN), other];
    expect(standingOf(shared, OWN.address, [])).toMatchObject({
      accounts: [INVITATION.address, OWN.address],
    });
  });

  test("does not vote when its invitation is bound to another key", () => {
    expect(standingOf([entry(INVITATION, STRANGER)], OWN.address, [REGISTRATION])).toEqual({
      kind: "other key",
      account: INVITATION.address,
      signingKey: STRANGER.address,
    });
    // Another person's invitation on this device does not concern this key.
    const elsewhere = { ...REGISTRATION, signingKey: GATEWAY.address };
    expect(standingOf([entry(INVITATION, STRANGER)], OWN.address, [elsewhere])).toEqual({
      kind: "nobody",
    });
  });

  test("does not vote when another key votes for its account", () => {
    expect(standingOf([entry(OWN, STRANGER)], OWN.address, [])).toMatchObject({
      kind: "other key",
      account: OWN.address,
    });
  });

  test("is reported as left out or as unknown", () => {
    expect(standingOf([other], OWN.address, [REGISTRATION])).toEqual({
      kind: "left out",
      registration: REGISTRATION,
    });
    expect(standingOf([other], OWN.address, [])).toEqual({ kind: "nobody" });
  });
});

describe("the list of voters", () => {
  const census = new Census(
    [entry(INVITATION, OWN), entry(STRANGER, STRANGER)].sort((left, right) => {
      return compareBytes(left.account, right.account);
    }),
  );

  function gatewayWith(answer: (path: string) => Uint8Array | readonly CensusEntry[]) {
    const asked: string[] = [];
    const heard = (path: string) => {
      asked.push(path);
      return Promise.resolve(answer(path));
    };
    return { gateway: { download: heard, get: heard } as unknown as Gateway, asked };
  }

  test("must have the root that the chain fixes", async () => {
    const { gateway } = gatewayWith(() => census.encode());
    const read = (root?: Uint8Array) => readStanding(gateway, 7n, 2, OWN.address, [], root);
    expect(await read()).toMatchObject({ kind: "votes" });
    expect(await read(census.root)).toMatchObject({ kind: "votes" });
    expect(await read(NONCE)).toEqual({ kind: "false list" });
  });

  test("must have a single weight where every ballot is opened", async () => {
    const read = (of: Census, weight: bigint) => {
      const { gateway } = gatewayWith(() => of.encode());
      return readStanding(gateway, 7n, 2, OWN.address, [], of.root, weight);
    };
    const [first, ...others] = census.entries;
    const uneven = new Census([{ ...first!, weight: 3n }, ...others]);
    expect(await read(census, 1n)).toMatchObject({ kind: "votes" });
    expect(await read(census, 2n)).toEqual({ kind: "weights" });
    expect(await read(uneven, 1n)).toEqual({ kind: "weights" });
  });

  test("is queried for single entries when it is long", async () => {
    const { gateway, asked } = gatewayWith((path) => {
      return census.entries.filter(({ account, signingKey }) => {
        return [account, signingKey].map(toHex).includes(path.split("/").at(-1)!);
      });
    });
    const standing = await readStanding(gateway, 7n, 20_001, OWN.address, [REGISTRATION], NONCE);
    expect(standing).toEqual({ kind: "votes", accounts: [INVITATION.address], listed: true });
    expect(asked).toEqual([
      `/polls/7/voters/${toHex(OWN.address)}`,
      `/polls/7/voters/${toHex(INVITATION.address)}`,
    ]);
  });

  test("that the gateway lacks leaves the decision to the nodes", async () => {
    const { gateway } = gatewayWith(() => {
      throw new Refusal(problem({ type: "urn:ostraka:problem:not-found", status: 404 }, "poll"));
    });
    const standing = await readStanding(gateway, 7n, 2, OWN.address, [], undefined);
    expect(standing).toEqual({ kind: "votes", accounts: [OWN.address], listed: false });
  });
});
