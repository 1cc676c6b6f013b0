/**
 * Follow a round, poll or proposal by e-mail or webhook: ask, confirm, read one's own data, delete it.
 *
 * Links in messages carry their token in the fragment, which browsers send to no server.
 */

import { Malformed } from "../protocol/errors.ts";
import type { Gateway } from "./gateway.ts";
import { flag, list, type Of, optional, record, type Shape, text, time, whole } from "./shape.ts";

/** Ways in which a gateway can send messages. */
export const CHANNELS = ["email", "webhook"] as const;
export type Channel = (typeof CHANNELS)[number];

const channel: Shape<Channel> = (value, at) => {
  const found = CHANNELS.find((one) => one === value);
  if (!found) throw new Malformed(at, "not a channel");
  return found;
};

const asked = record({ confirmWithinS: whole });

const subscription = record({
  channel,
  subject: text,
  title: optional(text),
  path: optional(text),
  address: optional(text),
  language: text,
  createdAt: time,
  confirmedAt: optional(time),
  deletedAt: time,
  messages: list(record({ sentAt: optional(time), givenUp: flag })),
});
export type Subscription = Of<typeof subscription>;

/** What a link to a subscription allows. */
export interface Access {
  readonly purpose: "confirm" | "manage";
  readonly token: string;
}

/** The channels that are on, of those that this client knows. */
export function channelsOf({ channels }: { readonly channels: readonly string[] }): Channel[] {
  return CHANNELS.filter((one) => channels.includes(one));
}

/** The access of a link by its fragment, such as `#manage=…`; undefined if it has none. */
export function accessOf(fragment: string): Access | undefined {
  const [, purpose, token] = /^#(confirm|manage)=([\w-]{1,100})$/.exec(fragment) ?? [];
  return token ? { purpose: purpose as Access["purpose"], token } : undefined;
}

/** Numbers of messages that were sent, that wait, and that were given up. */
export function countsOf({
  messages,
}: Subscription): Record<"sent" | "waiting" | "failed", number> {
  const failed = messages.filter(({ givenUp }) => givenUp).length;
  const sent = messages.filter(({ sentAt }) => sentAt !== undefined).length;
  return { sent, failed, waiting: messages.length - sent - failed };
}

/**
 * Ask for messages; the address gets a link for confirmation, and nothing before that.
 *
 * @param subject `round-` or `poll-` with its number, or `proposal-` with its id.
 * @returns Within how many seconds the address must confirm.
 */
export async function follow(
  gateway: Gateway,
  wanted: Readonly<Record<"channel" | "subject" | "address" | "language", string>>,
): Promise<number> {
  return (await gateway.post("/subscriptions", wanted, asked)).confirmWithinS;
}

/** One subscription, seen by who has a link to it. */
export class OwnSubscription {
  readonly #gateway: Gateway;
  readonly #path: string;
  readonly #token: string;

  /** @param id 32 hexadecimal digits. */
  constructor(gateway: Gateway, id: string, { token }: Access) {
    this.#gateway = gateway;
    this.#path = `/subscriptions/${id}`;
    this.#token = token;
  }

  /** All its data: what this client shows, and everything as it was received. */
  async read(): Promise<{ shown: Subscription; all: unknown }> {
    const everything: Shape<unknown> = (value) => value;
    const all = await this.#gateway.get(this.#path, everything, undefined, this.#header());
    return { shown: subscription(all, "subscription"), all };
  }

  /** Confirm it, with the token of a link for confirmation. */
  async confirm(): Promise<void> {
    await this.#gateway.post(`${this.#path}/confirmation`, { token: this.#token }, subscription);
  }

  /** Delete it with all its data. */
  async remove(): Promise<void> {
    await this.#gateway.delete(this.#path, this.#header());
  }

  #header(): Readonly<Record<string, string>> {
    return { "Subscription-Token": this.#token };
  }
}
