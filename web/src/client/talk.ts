/**
 * Comments on proposals and endorsements of them: statements to sign, and checks of what is shown.
 *
 * Source: docs/protocol.md §15, §17.8.
 */

import { keccak256, sameBytes, toHex, utf8 } from "../protocol/encoding.ts";
import { Malformed } from "../protocol/errors.ts";
import type { Signer } from "../protocol/keys.ts";
import { COMMENT, Domain, ENDORSEMENT, recover } from "../protocol/typed_data.ts";
import type { Gateway } from "./gateway.ts";
import { bytes, flag, list, type Of, optional, record, text, time, whole } from "./shape.ts";
import { type Config, config } from "./views.ts";

/** Most bytes of a comment in UTF-8. */
export const MAX_COMMENT_BYTES = 2000;

/** A moderator's decision. */
export const decision = record({ hidden: flag, reason: text, moderator: text, decidedAt: time });

export const comment = record({
  comment: bytes,
  proposal: bytes,
  author: bytes,
  signingKey: bytes,
  text: optional(text),
  textHash: bytes,
  writtenAt: time,
  signature: bytes,
  hidden: optional(decision),
});
export type Comment = Of<typeof comment>;

const comments = record({
  open: flag,
  closesAt: time,
  total: whole,
  comments: list(comment),
  next: optional(whole),
});

const endorsement = record({
  member: bytes,
  signingKey: bytes,
  endorses: flag,
  statedAt: time,
  signature: bytes,
});
export type Endorsement = Of<typeof endorsement>;

const endorsements = record({ total: whole, endorsements: list(endorsement) });

/** Numbers of a round's proposals; proposals without comments and endorsements are left out. */
export const talkCounts = list(record({ proposal: bytes, comments: whole, endorsements: whole }));
export type TalkCounts = Of<typeof talkCounts>;

/** A part of a proposal's comments. */
export type Comments = Of<typeof comments>;

/** The comments on a proposal that follow the comment with the number `after`. */
export async function readComments(
  gateway: Gateway,
  proposal: Uint8Array,
  after = 0,
): Promise<Comments> {
  return await gateway.get(`/proposals/${toHex(proposal)}/comments?after=${after}`, comments);
}

/** The first endorsements of a proposal and their number. */
export async function readEndorsements(gateway: Gateway, proposal: Uint8Array) {
  return await gateway.get(`/proposals/${toHex(proposal)}/endorsements`, endorsements);
}

/** Whether an account endorses a proposal. */
export async function isEndorsedBy(
  gateway: Gateway,
  proposal: Uint8Array,
  account: Uint8Array,
): Promise<boolean> {
  const path = `/proposals/${toHex(proposal)}/endorsements?member=${toHex(account)}`;
  return (await gateway.get(path, endorsements)).endorsements.length > 0;
}

/** EIP-712 domain of the statements. */
export function talkDomain({ chainId, treasury }: Config): Domain {
  return new Domain(BigInt(chainId), treasury);
}

/** Whether a comment's key signed the text that is shown, or its hash while it is hidden. */
export function isSignedComment(shown: Comment, proposal: Uint8Array, domain: Domain): boolean {
  const { author, text: said, textHash, writtenAt } = shown;
  if (said !== undefined && !sameBytes(keccak256(utf8(said)), textHash)) return false;
  const digest = domain.digest(COMMENT, proposal, author, textHash, writtenAt);
  return isBy(shown, digest);
}

/** Whether an endorsement's key signed it. */
export function isSignedEndorsement(
  shown: Endorsement,
  proposal: Uint8Array,
  domain: Domain,
): boolean {
  const { member, endorses, statedAt } = shown;
  const stated = [proposal, member, endorses ? 1n : 0n, statedAt] as const;
  return isBy(shown, domain.digest(ENDORSEMENT, ...stated));
}

function isBy(
  { signingKey, signature }: { signingKey: Uint8Array; signature: Uint8Array },
  digest: Uint8Array,
): boolean {
  try {
    return sameBytes(recover(digest, signature), signingKey);
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

/** Why a text cannot be a comment; undefined if it can. */
export function commentProblem(written: string): "blank" | "long" | "control" | undefined {
  if (!written.trim()) return "blank";
  if (utf8(written).length > MAX_COMMENT_BYTES) return "long";
  // The joiners are part of several scripts and of emoji.
  return /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}]/u.test(written) ? "control" : undefined;
}

/** A member who signs comments and endorsements. */
export class Speaker {
  readonly #gateway: Gateway;
  readonly #signer: Signer;
  readonly #account: Uint8Array;

  /** @param account The member: the signer's own address, or the invitation bound to its key. */
  constructor(gateway: Gateway, signer: Signer, account: Uint8Array) {
    this.#gateway = gateway;
    this.#signer = signer;
    this.#account = account;
  }

  /**
   * Sign a comment and give it to the gateway.
   *
   * @throws Refusal, Unreachable: as `Gateway`. WalletError: as the wallet.
   */
  async comment(proposal: Uint8Array, written: string): Promise<void> {
    const now = await this.#gateway.get("/config", config);
    const { timestamp } = now.head;
    const values = [proposal, this.#account, written, timestamp] as const;
    const signature = await this.#signer.signStatement(talkDomain(now), COMMENT, ...values);
    const body = {
      author: toHex(this.#account),
      text: written,
      written_at: Number(timestamp),
      signature: toHex(signature),
    };
    await this.#gateway.post(`/proposals/${toHex(proposal)}/comments`, body, comment);
  }

  /** Sign an endorsement, or that it is taken back; errors as `comment`. */
  async endorse(proposal: Uint8Array, endorses: boolean): Promise<void> {
    const now = await this.#gateway.get("/config", config);
    const { timestamp } = now.head;
    const values = [proposal, this.#account, endorses ? 1n : 0n, timestamp] as const;
    const signature = await this.#signer.signStatement(talkDomain(now), ENDORSEMENT, ...values);
    const body = { endorses, stated_at: Number(timestamp), signature: toHex(signature) };
    const path = `/proposals/${toHex(proposal)}/endorsements/${toHex(this.#account)}`;
    await this.#gateway.put(path, body, endorsement);
  }
}
