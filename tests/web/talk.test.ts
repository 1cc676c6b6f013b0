/** Comments and endorsements: what is signed, and which signatures hold. */

import { describe, expect, test } from "vitest";

import type { Gateway } from "../../web/src/client/gateway.ts";
import {
  type Comment,
  commentProblem,
  type Endorsement,
  isSignedComment,
  isSignedEndorsement,
  MAX_COMMENT_BYTES,
  Speaker,
} from "../../web/src/client/talk.ts";
import { fromHex, keccak256, toHex, utf8 } from "../../web/src/protocol/encoding.ts";
import { SigningKey } from "../../web/src/protocol/keys.ts";
import { COMMENT, Domain, ENDORSEMENT } from "../../web/src/protocol/typed_data.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";

const KEY = new SigningKey(new Uint8Array(32).fill(9));
const OTHER = new SigningKey(new Uint8Array(32).fill(10));
/** An invitation that is bound to the key. */
const ACCOUNT = new Uint8Array(20).fill(11);
const TREASURY = new Uint8Array(20).fill(8);
const DOMAIN = new Domain(31337n, TREASURY);
const PROPOSAL = new Uint8Array(32).fill(5);
const NOW = unixSeconds(1_800_000_000);

function comment(text: string): Comment {
  const digest = DOMAIN.digest(COMMENT, PROPOSAL, KEY.address, text, NOW);
  return {
    comment: digest,
    proposal: PROPOSAL,
    author: KEY.address,
    signingKey: KEY.address,
    text,
    textHash: keccak256(utf8(text)),
    writtenAt: NOW,
    signature: KEY.sign(digest),
    hidden: undefined,
  };
}

describe("a comment that is shown", () => {
  const honest = comment("Ławka,\nplease.");

  test("is checked with its text, or with the hash while it is hidden", () => {
    expect(isSignedComment(honest, PROPOSAL, DOMAIN)).toBe(true);
    expect(isSignedComment({ ...honest, text: undefined }, PROPOSAL, DOMAIN)).toBe(true);
  });

  test.each([
    ["another text", { text: "No." }],
    ["another text with its hash", { text: "No.", textHash: keccak256(utf8("No.")) }],
    ["another author", { author: OTHER.address }],
    ["another key", { signingKey: OTHER.address }],
    ["another time", { writtenAt: unixSeconds(1_800_000_001) }],
    ["no signature", { signature: new Uint8Array(65) }],
  ])("is not signed with %s", (_, changed) => {
    expect(isSignedComment({ ...honest, ...changed }, PROPOSAL, DOMAIN)).toBe(false);
  });

  test("is not signed for another proposal or treasury", () => {
    expect(isSignedComment(honest, new Uint8Array(32), DOMAIN)).toBe(false);
    expect(isSignedComment(honest, PROPOSAL, new Domain(1n, TREASURY))).toBe(false);
  });
});

test("an endorsement cannot be turned around", () => {
  const digest = DOMAIN.digest(ENDORSEMENT, PROPOSAL, KEY.address, 0n, NOW);
  const back: Endorsement = {
    member: KEY.address,
    signingKey: KEY.address,
    endorses: false,
    statedAt: NOW,
    signature: KEY.sign(digest),
  };
  expect(isSignedEndorsement(back, PROPOSAL, DOMAIN)).toBe(true);
  expect(isSignedEndorsement({ ...back, endorses: true }, PROPOSAL, DOMAIN)).toBe(false);
});

test.each([
  ["", "blank"],
  [" \n", "blank"],
  ["ł".repeat(MAX_COMMENT_BYTES / 2) + "a", "long"],
  ["a\u202eb", "control"],
  ["a\tb", "control"],
  ["ł".repeat(MAX_COMMENT_BYTES / 2), undefined],
  ["🏳️\u200d🌈\nline", undefined],
])("the problem of %j is %s", (text, problem) => {
  expect(commentProblem(text)).toBe(problem);
});

test("members sign their own words with the chain's time, for their account", async () => {
  const sent: [string, Record<string, unknown>][] = [];
  const send = (path: string, body: Record<string, unknown>) => {
    sent.push([path, JSON.parse(JSON.stringify(body)) as Record<string, unknown>]);
    return Promise.resolve();
  };
  const gateway = {
    get: () =>
      Promise.resolve({ chainId: 31337, treasury: TREASURY, head: { number: 1, timestamp: NOW } }),
    post: send,
    put: send,
  } as unknown as Gateway;
  const speaker = new Speaker(gateway, KEY, ACCOUNT);
  await speaker.comment(PROPOSAL, "Ławka");
  await speaker.endorse(PROPOSAL, true);
  const [[, said], [path, stated]] = sent as [(typeof sent)[0], (typeof sent)[0]];
  expect(said).toMatchObject({
    author: toHex(ACCOUNT),
    text: "Ławka",
    written_at: 1_800_000_000,
  });
  const signature = fromHex(said["signature"] as string, "");
  const shown = { ...comment("Ławka"), author: ACCOUNT, signature };
  expect(isSignedComment(shown, PROPOSAL, DOMAIN)).toBe(true);
  expect(path).toBe(`/proposals/${toHex(PROPOSAL)}/endorsements/${toHex(ACCOUNT)}`);
  const endorsed = {
    member: ACCOUNT,
    signingKey: KEY.address,
    endorses: true,
    statedAt: NOW,
    signature: fromHex(stated["signature"] as string, ""),
  };
  expect(isSignedEndorsement(endorsed, PROPOSAL, DOMAIN)).toBe(true);
});
