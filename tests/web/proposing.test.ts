/** Proposals: fields, recipients, signed statements, and calldata compared with viem's. */

import { encodeFunctionData, getAddress, parseAbi } from "viem";
import { describe, expect, test } from "vitest";

import { proposeCall, registerCall, reviseCall, withdrawCall } from "../../web/src/client/abi.ts";
import { checksummed, readAddress } from "../../web/src/client/address.ts";
import type { Gateway } from "../../web/src/client/gateway.ts";
import {
  draftSubject,
  type Filled,
  filledOf,
  type Item,
  itemOf,
  Member,
  obstacleOf,
  readFilled,
} from "../../web/src/client/proposing.ts";
import type { Config, Proposal, Round } from "../../web/src/client/views.ts";
import { fromHex, sameBytes, toHex } from "../../web/src/protocol/encoding.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";
import {
  Domain,
  PROPOSAL,
  recover,
  REVISION,
  WITHDRAWAL,
} from "../../web/src/protocol/typed_data.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import { routeOf } from "../../web/src/view/router.ts";

const KEY = new SigningKey(new Uint8Array(32).fill(7));
const TREASURY = new Uint8Array(20).fill(9);
// Of EIP-55.
const WRITTEN = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
const RECIPIENT = fromHex(WRITTEN.toLowerCase(), "recipient");
const CONFIG = { chainId: 31337, treasury: TREASURY } as Config;
const ROUND = {
  round: 4n,
  minimumAmount: 10n,
  maximumAmount: 500n,
  proposalsPerMember: 2,
  maximumProposals: 3,
  outcome: { kind: "categories", budgets: [400n, 600n] },
  proposalsOpenAt: unixSeconds(100),
  proposalsCloseAt: unixSeconds(200),
} as unknown as Round;
const FILLED: Filled = {
  title: " Ławka ",
  text: "Why: https://bench.example",
  category: 1,
  amount: "400",
  recipient: WRITTEN,
  place: "",
  label: "",
  image: "",
  alt: "",
};
const ITEM: Item = {
  recipient: RECIPIENT,
  amount: 400n,
  category: 1,
  title: "Ławka",
  text: "Why: https://bench.example",
  details: { place: undefined, image: undefined },
};

describe("addresses", () => {
  test.each(["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", WRITTEN])("%s", (written) => {
    const address = readAddress(written) as Uint8Array;
    expect(checksummed(address)).toBe(written);
    expect(checksummed(address)).toBe(getAddress(written));
    expect(readAddress(` ${written.toLowerCase()} `)).toEqual(address);
    expect(readAddress(`0x${written.slice(2).toUpperCase()}`)).toEqual(address);
  });

  test.each([
    ["form", ""],
    ["form", WRITTEN.slice(0, 41)],
    ["form", WRITTEN.slice(2)],
    ["form", "vitalik.eth"],
    ["zero", "0x" + "0".repeat(40)],
    ["checksum", WRITTEN.replace("B", "b")],
  ])("%s: %s", (problem, written) => {
    expect(readAddress(written)).toBe(problem);
  });
});

describe("fields of a proposal", () => {
  const problems = (changes: Partial<Filled>, round: Round = ROUND) => {
    const read = (typed: string) => (/^[0-9]+$/.test(typed) ? BigInt(typed) : undefined);
    const found = itemOf({ ...FILLED, ...changes }, round, TREASURY, read);
    return "title" in found ? found : found.map(({ field, problem }) => `${field} ${problem}`);
  };

  test("valid fields make an item", () => {
    expect(problems({})).toEqual(ITEM);
  });

  test.each<[string, Partial<Filled>]>([
    ["title missing", { title: "  " }],
    ["title control", { title: "a\tb" }],
    ["title long", { title: "ł".repeat(76) }],
    ["text long", { text: "ł".repeat(8193) }],
    ["amount form", { amount: "4.5" }],
    ["amount form", { amount: "-1" }],
    ["amount form", { amount: "" }],
    ["amount range", { amount: "9" }],
    ["amount range", { amount: "501" }],
    ["recipient checksum", { recipient: WRITTEN.replace("B", "b") }],
    ["recipient zero", { recipient: "0x" + "0".repeat(40) }],
    ["recipient treasury", { recipient: toHex(TREASURY) }],
  ])("%s", (problem, changes) => {
    expect(problems(changes)).toEqual([problem]);
  });

  test.each<[string, Partial<Filled>]>([
    ["title at its end", { title: "ł".repeat(75) }],
    ["text at its end", { text: "ł".repeat(8192) }],
    ["least", { amount: "10" }],
    ["most", { amount: "500" }],
  ])("%s", (_, changes) => {
    expect(problems(changes)).toHaveProperty("title");
  });

  test("a lone surrogate is replaced", () => {
    expect(problems({ title: "a\ud800" })).toHaveProperty("title", "a\ufffd");
  });

  test("amount and category are 0 where the round has none", () => {
    const outcome = { kind: "proportional", budgets: undefined, names: undefined };
    const divided = { ...ROUND, minimumAmount: 0n, maximumAmount: 0n, outcome };
    expect(problems({ amount: "7" }, divided)).toMatchObject({ amount: 0n, category: 0 });
  });

  const of = (proposer: Uint8Array, withdrawn = false) => ({ proposer, withdrawn }) as Proposal;
  const other = new Uint8Array(20).fill(1);

  test.each([
    ["early", [], 99],
    [undefined, [], 100],
    [undefined, [of(KEY.address), of(other)], 199],
    ["over", [], 200],
    ["own limit", [of(KEY.address), of(KEY.address, true)], 150],
    ["full", [of(other), of(other), of(other)], 150],
  ])("%s", (obstacle, listed, now) => {
    expect(obstacleOf(ROUND, listed, KEY.address, unixSeconds(now))).toBe(obstacle);
  });
});

test("a draft of unknown form is read field by field", () => {
  expect(readFilled(JSON.parse(JSON.stringify(FILLED)))).toEqual(FILLED);
  const details = { place: "", label: "", image: "", alt: "" };
  const empty = { title: "", text: "", category: 0, amount: "", recipient: "", ...details };
  for (const draft of [undefined, null, "x", { title: 3, category: "1" }]) {
    expect(readFilled(draft)).toEqual(empty);
  }
  expect(readFilled({ title: "A", other: 1 })).toEqual({ ...empty, title: "A" });
  expect(draftSubject(CONFIG, 4n)).not.toEqual(draftSubject(CONFIG, 5n));
});

test("a change of a proposal requires the recipient again", () => {
  const { recipient, amount, category, title, text } = ITEM;
  const standing = { recipient, amount, category, title, text } as Proposal;
  const filled = filledOf(standing, (units) => `${units}.00`);
  const without = { place: "", label: "", image: "", alt: "" };
  expect(filled).toEqual({ ...without, title, text, category, amount: "400.00", recipient: "" });
});

describe("a member signs only statements built in the browser", () => {
  const domain = new Domain(31337n, TREASURY);
  const proposal = new Uint8Array(32).fill(3);

  /** A gateway that records requests and returns its own statement. */
  class Remembering {
    sent: { path: string; body: Record<string, Record<string, unknown>> } | undefined;

    post(path: string, body: unknown): Promise<unknown> {
      if (path !== "/typed-data") return this.put(path, body);
      return Promise.resolve({
        authorization: { nonce: 5n, deadline: unixSeconds(10_000) },
        typedData: { message: { recipient: "0xevil" } },
      });
    }

    put(path: string, body: unknown): Promise<unknown> {
      this.sent = { path, body: body as Record<string, Record<string, unknown>> };
      return Promise.resolve({});
    }
  }

  const words = [
    RECIPIENT,
    400n,
    1n,
    "Ławka",
    "Why: https://bench.example",
    new Uint8Array(32),
  ] as const;
  test.each<[string, (member: Member) => Promise<void>, Uint8Array]>([
    [
      "/rounds/4/proposals",
      (member) => member.propose(4n, ITEM),
      domain.digest(PROPOSAL, 4n, KEY.address, ...words, 5n, 200n),
    ],
    [
      `/proposals/${toHex(proposal)}`,
      (member) => member.revise(proposal, ITEM),
      domain.digest(REVISION, proposal, ...words, 5n, 200n),
    ],
    [
      `/proposals/${toHex(proposal)}/withdrawal`,
      (member) => member.withdraw(proposal),
      domain.digest(WITHDRAWAL, proposal, 5n, 200n),
    ],
  ])("%s", async (path, act, digest) => {
    const gateway = new Remembering();
    await act(new Member(gateway as unknown as Gateway, KEY, CONFIG, ROUND));
    expect(gateway.sent!.path).toBe(path);
    const { authorization } = gateway.sent!.body;
    // Never after the end of proposals, whatever deadline the gateway gives.
    expect(authorization).toMatchObject({ member: toHex(KEY.address), nonce: "5", deadline: 200 });
    const signature = fromHex(authorization!["signature"] as string, "signature");
    expect(sameBytes(recover(digest, signature), KEY.address)).toBe(true);
  });

  test("an invitee's key signs for the invitation", async () => {
    const gateway = new Remembering();
    const invitation = new Uint8Array(20).fill(9);
    await new Member(gateway as unknown as Gateway, KEY, CONFIG, ROUND, invitation).propose(
      4n,
      ITEM,
    );
    const { authorization } = gateway.sent!.body;
    expect(authorization).toMatchObject({ member: toHex(invitation) });
    const digest = domain.digest(PROPOSAL, 4n, invitation, ...words, 5n, 200n);
    const signature = fromHex(authorization!["signature"] as string, "signature");
    expect(sameBytes(recover(digest, signature), KEY.address)).toBe(true);
  });
});

describe("calldata", () => {
  const abi = parseAbi([
    "struct Item { address recipient; uint128 amount; uint16 category; string title; string text; " +
      "bytes32 details; }",
    "struct Sibling { bytes32 hash; uint128 sum; }",
    "struct Membership { address signingKey; uint128 weight; uint32 index; bytes32 rootHash; " +
      "uint128 totalWeight; uint32 count; Sibling[] siblings; }",
    "function propose(uint256 roundId, Item item, Membership membership)",
    "function revise(bytes32 proposalId, Item item)",
    "function withdraw(bytes32 proposalId)",
    "function register(address key, bytes signature)",
  ]);
  const proposal = new Uint8Array(32).fill(3);
  const id = toHex(proposal) as `0x${string}`;
  const details = toHex(new Uint8Array(32)) as `0x${string}`;
  const item = { ...ITEM, recipient: WRITTEN, details } as const;
  const account = toHex(KEY.address) as `0x${string}`;

  test.each([0, 1, 3])("propose with a proof of %i", (length) => {
    const siblings = Array.from({ length }, (_, place) => ({
      hash: new Uint8Array(32).fill(place),
      sum: BigInt(place) << 100n,
    }));
    const rest = { weight: 3n, index: 5, totalWeight: 1n << 120n, count: 6 };
    const rootHash = new Uint8Array(32).fill(7);
    const { address } = KEY;
    const unused = { account: address, registeredKey: undefined };
    const member = { ...unused, signingKey: address, rootHash, siblings, ...rest };
    const shown = {
      signingKey: account,
      rootHash: toHex(rootHash) as `0x${string}`,
      siblings: siblings.map(({ hash, sum }) => ({ hash: toHex(hash) as `0x${string}`, sum })),
      ...rest,
    };
    const args = [4n, item, shown] as const;
    const expected = encodeFunctionData({ abi, functionName: "propose", args });
    expect(toHex(proposeCall(4n, ITEM, member))).toBe(expected);
  });

  test.each(["", "x", "x".repeat(32), "ł".repeat(40)])("revise, text %j", (text) => {
    const args = [id, { ...item, text }] as const;
    const expected = encodeFunctionData({ abi, functionName: "revise", args });
    expect(toHex(reviseCall(proposal, { ...ITEM, text }))).toBe(expected);
  });

  test("withdraw and register", () => {
    expect(toHex(withdrawCall(proposal))).toBe(
      encodeFunctionData({ abi, functionName: "withdraw", args: [id] }),
    );
    const consent = new Uint8Array(65).fill(4);
    const args = [account, toHex(consent) as `0x${string}`] as const;
    expect(toHex(registerCall(KEY.address, consent))).toBe(
      encodeFunctionData({ abi, functionName: "register", args }),
    );
  });
});

test("the paths of proposals lead to their pages", () => {
  expect(routeOf("/rounds/3/propose")).toEqual({ page: "propose", id: 3n });
  const proposal = `0x${"ab".repeat(32)}`;
  const revise = { page: "revise", id: 3n, proposal };
  expect(routeOf(`/rounds/3/proposals/${proposal}`)).toEqual({ ...revise, page: "proposal" });
  expect(routeOf(`/rounds/3/proposals/${proposal}/edit`)).toEqual(revise);
  expect(routeOf("/rounds/3/proposals/0xab")).toEqual({ page: "missing" });
});
