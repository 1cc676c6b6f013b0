/**
 * Requests of organizers to a gateway: create, fund, refund, and follow plans.
 *
 * Source: docs/protocol.md §16; the gateway's API (/api/v1/openapi.json).
 */

import { toHex } from "../protocol/encoding.ts";
import { Gateway, MINING_MS } from "./gateway.ts";
import { OpenRequests } from "./open_requests.ts";
import type { Specification } from "./plan_specification.ts";
import { problem } from "./problem.ts";
import type { Reason } from "./replacing.ts";
import {
  bytes,
  decimal,
  flag,
  list,
  type Of,
  optional,
  record,
  type Shape,
  text,
  time,
  whole,
} from "./shape.ts";
import type { Permission } from "./team.ts";
import { comment, decision } from "./talk.ts";
import type { Store } from "./votes.ts";

/** Any value: its meaning depends on other members. */
const anything: Shape<unknown> = (value) => value;

const numbers: Shape<Readonly<Record<string, unknown>>> = (value, at) => {
  record({})(value, at);
  return value as Readonly<Record<string, unknown>>;
};

const warning = record({ code: text, numbers, sentence: text, refused: flag });
/** One way in which a result may reveal votes. */
export type Warning = Of<typeof warning>;

export const plan = record({
  plan: text,
  round: optional(decimal),
  poll: optional(decimal),
  specification: record({
    title: text,
    questions: optional(list(anything)),
    registrationClosesAt: optional(time),
    opensAt: optional(time),
    closesAt: optional(time),
    minimumBallots: whole,
    rehearsal: optional(flag),
    members: optional(record({ kind: text })),
  }),
  censusFixed: flag,
  warnings: list(warning),
  finished: flag,
  problem: optional(problem),
  invitations: record({ issued: whole, redeemed: whole }),
  transactions: list(record({ name: text, transaction: bytes, gasUsed: whole, block: whole })),
});
export type Plan = Of<typeof plan>;
export const plans = list(plan);

export const committees = list(
  record({
    digest: bytes,
    threshold: whole,
    faults: whole,
    quorum: whole,
    nodes: list(record({ node: whole, address: bytes, url: text })),
  }),
);
export type Committee = Of<typeof committees>[number];

export const funders = list(record({ funder: bytes, amount: decimal, refundable: decimal }));
export type Funder = Of<typeof funders>[number];

const commentsToModerate = record({ comments: list(comment), next: optional(whole) });
type CommentsToModerate = Of<typeof commentsToModerate>;

/** Answer to a dry run. */
export const tried = record({ warnings: list(warning) });
/** Answer to the creation of a round or poll. */
export const created = record({ plan: text });
const sent = record({ transaction: bytes });

/** What is rehearsed, by which invitations, and the words that mark it as a rehearsal. */
export interface Rehearsal {
  readonly of:
    | { readonly plan: string }
    | { readonly poll: Specification }
    | { readonly round: Specification };
  readonly invited: readonly Uint8Array[];
  readonly label: string;
  readonly notice: string;
}

const self = record({ account: bytes, id: text, name: text, role: text, permissions: list(text) });

/** An organizer of a gateway, identified by a token; the gateway pays for transactions. */
export class Organizer {
  /** The gateway, asked with the organizer's token. */
  readonly gateway: Gateway;
  readonly #requests: OpenRequests;
  /** The account from which the gateway pays. */
  readonly account: Uint8Array;
  readonly id: string;
  readonly name: string;
  /** Code of the role; later versions may have further ones. */
  readonly role: string;
  readonly #permissions: readonly string[];

  private constructor(gateway: Gateway, requests: OpenRequests, found: Of<typeof self>) {
    this.gateway = gateway;
    this.#requests = requests;
    this.account = found.account;
    this.id = found.id;
    this.name = found.name;
    this.role = found.role;
    this.#permissions = found.permissions;
  }

  /**
   * @param store Where this device stores unanswered requests; undefined to keep them while the
   *   page is open.
   * @throws Refusal with status 401: the token is no organizer's.
   */
  static async of(token: string, store?: Store): Promise<Organizer> {
    const gateway = new Gateway("", token, MINING_MS);
    const found = await gateway.get("/organizer", self);
    return new Organizer(gateway, new OpenRequests(gateway, store), found);
  }

  /** Whether the organizer's role allows something. */
  may(permission: Permission): boolean {
    return this.#permissions.includes(permission);
  }

  /** Warnings for a poll that is not created; Refusal names an invalid member. */
  async tryOut(wanted: Specification): Promise<readonly Warning[]> {
    return (await this.gateway.post(`${pathOf(wanted)}?dry_run=true`, wanted, tried)).warnings;
  }

  /** Create a round or a poll; the number of its plan. */
  async create(wanted: Specification): Promise<string> {
    return (await this.#requests.post(pathOf(wanted), wanted, created)).plan;
  }

  /** Plan a rehearsal; the number of its plan. */
  async rehearse(wanted: Rehearsal): Promise<string> {
    const { of, invited, label, notice } = wanted;
    const invitations = invited.map((address) => ({ address: toHex(address) }));
    const body = { ...of, invitations, label, notice };
    return (await this.#requests.post("/rehearsals", body, created)).plan;
  }

  /** Fund a round from the gateway's own account. */
  async fund(round: bigint, units: bigint): Promise<void> {
    const amount = units.toString();
    await this.#requests.post(`/rounds/${round}/funding`, { amount }, list(sent));
  }

  /** A part of a round's comments with their texts, newest first. */
  async comments(round: bigint, before: number | undefined): Promise<CommentsToModerate> {
    const query = before === undefined ? "" : `?before=${before}`;
    return await this.gateway.get(`/rounds/${round}/comments${query}`, commentsToModerate);
  }

  /** Hide a comment, or show it again; the reason is public. */
  async moderate(comment: Uint8Array, hidden: boolean, reason: string): Promise<void> {
    const path = `/comments/${toHex(comment)}/moderation`;
    await this.gateway.post(path, { hidden, reason }, decision);
  }

  /**
   * Replace the code of a redeemed invitation, publicly.
   *
   * @param code Address of the new code.
   */
  async replaceMember(
    round: bigint,
    invitation: Uint8Array,
    code: Uint8Array,
    reason: Reason,
  ): Promise<void> {
    const path = `/rounds/${round}/members/${toHex(invitation)}/replacement`;
    await this.#requests.post(path, { code: toHex(code), reason }, sent);
  }

  /** Refund a funder's money that is not committed to proposals. */
  async refund(round: bigint, funder: Uint8Array): Promise<void> {
    await this.#requests.post(`/rounds/${round}/refunds`, { funder: toHex(funder) }, sent);
  }
}

function pathOf(wanted: Specification): string {
  return "questions" in wanted ? "/polls" : "/rounds";
}
