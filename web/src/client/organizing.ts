/**
 * What organizers do with a gateway: create, fund, refund; and how their plans go on.
 *
 * Source: docs/protocol.md §16; the gateway's API (/api/v1/openapi.json).
 */

import { toHex } from "../protocol/encoding.ts";
import { Gateway, MINING_MS } from "./gateway.ts";
import { OpenRequests } from "./open_requests.ts";
import type { Specification } from "./plan_specification.ts";
import { problem } from "./problem.ts";
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
import type { Store } from "./votes.ts";

/** As it came: what it may say depends on something else. */
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

/** How a token counts its amounts, as it says itself. */
export const money = record({ symbol: optional(text), decimals: whole });

/** What a dry run answers. */
export const tried = record({ warnings: list(warning) });
/** What a round or poll that was created answers. */
export const created = record({ plan: text });
const sent = record({ transaction: bytes });

/** The organizer of a gateway, by the token; the gateway pays for what it sends to the chain. */
export class Organizer {
  readonly #gateway: Gateway;
  readonly #requests: OpenRequests;
  /** The account from which the gateway pays. */
  readonly account: Uint8Array;

  private constructor(gateway: Gateway, requests: OpenRequests, account: Uint8Array) {
    this.#gateway = gateway;
    this.#requests = requests;
    this.account = account;
  }

  /**
   * @param store Where this device keeps requests without an answer; undefined to keep them for as
   *   long as the page is open.
   * @throws Refusal with status 401: the token is not the organizer's.
   */
  static async of(token: string, store?: Store): Promise<Organizer> {
    const gateway = new Gateway("", token, MINING_MS);
    const { account } = await gateway.get("/organizer", record({ account: bytes }));
    return new Organizer(gateway, new OpenRequests(gateway, store), account);
  }

  /** What a poll may give away; nothing is created. Refusal names the member that cannot be. */
  async tryOut(wanted: Specification): Promise<readonly Warning[]> {
    return (await this.#gateway.post(`${pathOf(wanted)}?dry_run=true`, wanted, tried)).warnings;
  }

  /** Create a round or a poll; the number of its plan. */
  async create(wanted: Specification): Promise<string> {
    return (await this.#requests.post(pathOf(wanted), wanted, created)).plan;
  }

  /** Put money of the gateway's own account into a round. */
  async fund(round: bigint, units: bigint): Promise<void> {
    const amount = units.toString();
    await this.#requests.post(`/rounds/${round}/funding`, { amount }, list(sent));
  }

  /** Send a funder back what is not, or no longer, meant for proposals. */
  async refund(round: bigint, funder: Uint8Array): Promise<void> {
    await this.#requests.post(`/rounds/${round}/refunds`, { funder: toHex(funder) }, sent);
  }
}

function pathOf(wanted: Specification): string {
  return "questions" in wanted ? "/polls" : "/rounds";
}
