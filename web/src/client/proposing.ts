/**
 * Proposals of a member: the bounds of a round, and the statements that authorize a gateway.
 *
 * The statement is built here: only nonce and deadline come from the gateway, and the deadline is
 * never later than the end of proposals.
 *
 * Source: docs/protocol.md §15, §17.2.
 */

import { concat, fromHex, sameBytes, toHex, utf8, word } from "../protocol/encoding.ts";
import type { Signer } from "../protocol/keys.ts";
import { Domain, PROPOSAL, REVISION, type Value, WITHDRAWAL } from "../protocol/typed_data.ts";
import type { UnixSeconds } from "../protocol/units.ts";
import { type AddressProblem, readAddress } from "./address.ts";
import {
  type Details,
  detailsHash,
  detailsJson,
  detailsOf,
  MAX_ALT_CHARACTERS,
  MAX_LABEL_CHARACTERS,
  placeText,
  readPlace,
} from "./details.ts";
import type { Gateway } from "./gateway.ts";
import { bytes, record } from "./shape.ts";
import { type Config, type Proposal, type Round, sent, toSign } from "./views.ts";

/** The treasury's bounds, in bytes of UTF-8. */
export const MAX_TITLE_BYTES = 150;
export const MAX_TEXT_BYTES = 16_384;

/** A member's proposal. */
export interface Item {
  /** 20 bytes. */
  readonly recipient: Uint8Array;
  /** In the token's smallest unit; 0 in a proportional round. */
  readonly amount: bigint;
  /** From 0; 0 in a round without categories. */
  readonly category: number;
  readonly title: string;
  readonly text: string;
  /** A place and a picture; the member signs their hash. */
  readonly details: Details;
}

/** Texts of the form's fields. */
export interface Filled {
  readonly title: string;
  readonly text: string;
  readonly category: number;
  /** As typed. */
  readonly amount: string;
  readonly recipient: string;
  /** As `readPlace` reads it; empty for none. */
  readonly place: string;
  readonly label: string;
  /** Hash of the uploaded picture as 0x-hex; empty for none. */
  readonly image: string;
  readonly alt: string;
}

const NOTHING: Filled = {
  title: "",
  text: "",
  category: 0,
  amount: "",
  recipient: "",
  place: "",
  label: "",
  image: "",
  alt: "",
};

/** The fields of a draft, empty where it has none. */
export function readFilled(draft: unknown): Filled {
  const given = (typeof draft === "object" && draft ? draft : {}) as Record<string, unknown>;
  const read = Object.entries(NOTHING).map(([name, empty]: [string, unknown]) => {
    return [name, typeof given[name] === typeof empty ? given[name] : empty] as const;
  });
  return Object.fromEntries(read) as unknown as Filled;
}

/**
 * The fields of an existing proposal.
 *
 * The recipient is left empty, so that a gateway that shows another one does not get the member's
 * signature for it.
 *
 * @param write Writes an amount as people type it.
 */
export function filledOf(proposal: Proposal, write: (units: bigint) => string): Filled {
  const { title, text, category, amount } = proposal;
  const { place, image } = detailsOf(proposal) ?? {};
  return {
    title,
    text,
    category,
    amount: amount ? write(amount) : "",
    recipient: "",
    place: place ? placeText(place) : "",
    label: place?.label ?? "",
    image: image ? toHex(image.sha256) : "",
    alt: image?.alt ?? "",
  };
}

/** The problem of a field. */
export type FieldProblem =
  | { readonly field: "title"; readonly problem: "missing" | "long" | "control" }
  | { readonly field: "text"; readonly problem: "long" }
  | { readonly field: "amount"; readonly problem: "form" | "range" }
  | { readonly field: "recipient"; readonly problem: AddressProblem | "treasury" }
  | { readonly field: "place"; readonly problem: "form" }
  | { readonly field: "label" | "alt"; readonly problem: "missing" | "long" };

/**
 * The proposal of these fields, or their problems.
 *
 * @param read Reads an amount as typed, in the token's smallest unit; undefined when it is invalid.
 */
export function itemOf(
  filled: Filled,
  round: Pick<Round, "minimumAmount" | "maximumAmount" | "outcome">,
  treasury: Uint8Array,
  read: (typed: string) => bigint | undefined,
): Item | readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  // A lone surrogate cannot be encoded as UTF-8.
  const title = filled.title.trim().toWellFormed();
  const text = filled.text.trim().toWellFormed();
  if (!title) problems.push({ field: "title", problem: "missing" });
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x1f]/.test(title)) problems.push({ field: "title", problem: "control" });
  if (utf8(title).length > MAX_TITLE_BYTES) problems.push({ field: "title", problem: "long" });
  if (utf8(text).length > MAX_TEXT_BYTES) problems.push({ field: "text", problem: "long" });
  const { minimumAmount, maximumAmount } = round;
  const amount = asksAmount(round) ? read(filled.amount) : 0n;
  if (amount === undefined) problems.push({ field: "amount", problem: "form" });
  else if (amount < minimumAmount || amount > maximumAmount) {
    problems.push({ field: "amount", problem: "range" });
  }
  const recipient = readAddress(filled.recipient);
  if (typeof recipient === "string") problems.push({ field: "recipient", problem: recipient });
  else if (sameBytes(recipient, treasury)) {
    problems.push({ field: "recipient", problem: "treasury" });
  }
  const details = detailsIn(filled, problems);
  const missing = amount === undefined || typeof recipient === "string";
  if (missing || problems.length) return problems;
  // A draft may name a category that the round does not have.
  const category = filled.category < categoriesOf(round) ? filled.category : 0;
  return { recipient, amount, category, title, text, details };
}

/** The details of these fields; adds the problems that they have. */
function detailsIn(filled: Filled, problems: FieldProblem[]): Details {
  const label = filled.label.trim().toWellFormed();
  const alt = filled.alt.trim().toWellFormed();
  const at = filled.place.trim() ? readPlace(filled.place) : undefined;
  if (filled.place.trim() && !at) problems.push({ field: "place", problem: "form" });
  if (at && label.length > MAX_LABEL_CHARACTERS) problems.push({ field: "label", problem: "long" });
  const image = /^0x[0-9a-f]{64}$/.test(filled.image);
  if (image && !alt) problems.push({ field: "alt", problem: "missing" });
  if (image && alt.length > MAX_ALT_CHARACTERS) problems.push({ field: "alt", problem: "long" });
  return {
    place: at && { ...at, label: label || undefined },
    image: image ? { sha256: fromHex(filled.image, "image"), alt } : undefined,
  };
}

/** Whether proposals ask for an amount; not where votes divide the budget. */
export function asksAmount({ maximumAmount }: Pick<Round, "maximumAmount">): boolean {
  return maximumAmount > 0n;
}

/** Number of categories to choose from; 0 if there are none. */
export function categoriesOf({ outcome }: Pick<Round, "outcome">): number {
  return outcome.budgets?.length ?? 0;
}

/** Why an account cannot propose in a round. */
export type Obstacle = "early" | "over" | "own limit" | "full";

/** Why an account cannot propose now; undefined when it can. Withdrawn proposals count. */
export function obstacleOf(
  round: Round,
  listed: readonly Proposal[],
  account: Uint8Array,
  now: UnixSeconds,
): Obstacle | undefined {
  if (now < round.proposalsOpenAt) return "early";
  if (now >= round.proposalsCloseAt) return "over";
  if (listed.length >= round.maximumProposals) return "full";
  return ownOf(listed, account).length >= round.proposalsPerMember ? "own limit" : undefined;
}

/** An account's own proposals, withdrawn ones too. */
export function ownOf(listed: readonly Proposal[], account: Uint8Array): Proposal[] {
  return listed.filter(({ proposer }) => sameBytes(proposer, account));
}

/** Subject of the draft of a new proposal in a round. */
export function draftSubject({ chainId, treasury }: Config, roundId: bigint): Uint8Array {
  return concat([word(chainId), treasury, word(roundId)]);
}

/** A member who signs; the gateway sends and pays. */
export class Member {
  readonly #gateway: Gateway;
  readonly #signer: Signer;
  readonly #domain: Domain;
  readonly #closesAt: UnixSeconds;
  readonly #account: Uint8Array;

  /** @param account The member: the signer's own address, or the invitation bound to its key. */
  constructor(
    gateway: Gateway,
    signer: Signer,
    config: Config,
    round: Round,
    account: Uint8Array = signer.address,
  ) {
    this.#gateway = gateway;
    this.#signer = signer;
    this.#account = account;
    this.#domain = new Domain(BigInt(config.chainId), config.treasury);
    this.#closesAt = round.proposalsCloseAt;
  }

  /**
   * Sign a proposal and let the gateway send it.
   *
   * @throws Refusal, Unreachable: as `Gateway`. WalletError: as the wallet.
   */
  async propose(roundId: bigint, item: Item): Promise<void> {
    const asked = { kind: "proposal", round: Number(roundId), item: itemJson(item) };
    const head = [roundId, this.#account, ...words(item)];
    const authorization = await this.#authorize(asked, PROPOSAL, head);
    const body = { item: itemJson(item), details: detailsJson(item.details), authorization };
    await this.#gateway.post(`/rounds/${roundId}/proposals`, body, sent);
  }

  /** Sign a change of a proposal and let the gateway send it. */
  async revise(proposal: Uint8Array, item: Item): Promise<void> {
    const asked = { kind: "revision", proposal: toHex(proposal), item: itemJson(item) };
    const authorization = await this.#authorize(asked, REVISION, [proposal, ...words(item)]);
    const body = { item: itemJson(item), details: detailsJson(item.details), authorization };
    await this.#gateway.put(`/proposals/${toHex(proposal)}`, body, sent);
  }

  /** Sign a withdrawal and let the gateway send it. */
  async withdraw(proposal: Uint8Array): Promise<void> {
    const asked = { kind: "withdrawal", proposal: toHex(proposal) };
    const authorization = await this.#authorize(asked, WITHDRAWAL, [proposal]);
    await this.#gateway.post(`/proposals/${toHex(proposal)}/withdrawal`, { authorization }, sent);
  }

  async #authorize(asked: object, type: string, head: readonly Value[]) {
    const member = toHex(this.#account);
    const { authorization } = await this.#gateway.post("/typed-data", { ...asked, member }, toSign);
    const { nonce, deadline: given } = authorization;
    const deadline = given < this.#closesAt ? given : this.#closesAt;
    const signature = await this.#signer.signStatement(
      this.#domain,
      type,
      ...head,
      nonce,
      deadline,
    );
    return {
      member,
      nonce: nonce.toString(),
      deadline: Number(deadline),
      signature: toHex(signature),
    };
  }
}

function words({ recipient, amount, category, title, text, details }: Item): Value[] {
  return [recipient, amount, BigInt(category), title, text, detailsHash(details)];
}

function itemJson({ recipient, amount, category, title, text, details }: Item) {
  return {
    recipient: toHex(recipient),
    amount: amount.toString(),
    title,
    text,
    category,
    details: toHex(detailsHash(details)),
  };
}

const described = record({ proposal: bytes });

/**
 * Give the gateway the details of proposals that went to the chain directly.
 *
 * @throws Refusal, Unreachable: as `Gateway`.
 */
export async function describe(
  gateway: Gateway,
  listed: readonly Proposal[],
  details: Details,
): Promise<void> {
  const hash = detailsHash(details);
  for (const { proposal, details: signed, detailsDocument } of listed) {
    if (detailsDocument === undefined && sameBytes(signed, hash)) {
      const body = { details: detailsJson(details) };
      await gateway.put(`/proposals/${toHex(proposal)}/details`, body, described);
    }
  }
}
