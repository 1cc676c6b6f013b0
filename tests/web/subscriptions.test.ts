/** Subscriptions: what is asked of the gateway, and what a link allows. */

import { afterEach, describe, expect, test, vi } from "vitest";

import { Gateway, Refusal } from "../../web/src/client/gateway.ts";
import {
  accessOf,
  channelsOf,
  countsOf,
  follow,
  OwnSubscription,
} from "../../web/src/client/subscriptions.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import { routeOf } from "../../web/src/view/router.ts";

const ID = "0a".repeat(16);
const MESSAGE = { name: "round-1:voting_opens", created_at: 1_900_000_000, attempts: 1 };
const OWN = {
  subscription: ID,
  channel: "email",
  subject: "round-1",
  title: "Spring",
  path: "/rounds/1",
  address: "ada@example.org",
  language: "de",
  created_at: 1_900_000_000,
  confirmed_at: null,
  deleted_at: 1_900_172_800,
  messages: [
    { ...MESSAGE, sent_at: 1_900_000_009, given_up: false },
    { ...MESSAGE, sent_at: null, given_up: false },
    { ...MESSAGE, sent_at: null, given_up: true },
    { ...MESSAGE, sent_at: null, given_up: true },
  ],
};

interface Request {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: unknown;
}

/** A gateway that gives these answers in turn, and the requests that it got. */
function answering(...answers: readonly Response[]): Request[] {
  const requests: Request[] = [];
  const left = [...answers];
  vi.stubGlobal("fetch", (path: string, given: RequestInit) => {
    const headers = given.headers as Readonly<Record<string, string>>;
    requests.push({
      method: given.method!,
      path,
      token: headers["Subscription-Token"],
      body: given.body === undefined ? undefined : JSON.parse(given.body as string),
    });
    return Promise.resolve(left.shift()!);
  });
  return requests;
}

const json = (content: unknown, status = 200) => new Response(JSON.stringify(content), { status });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a link of a message", () => {
  test("says what it is for", () => {
    expect(accessOf("#confirm=aB-_9")).toEqual({ purpose: "confirm", token: "aB-_9" });
    expect(accessOf("#manage=x")).toEqual({ purpose: "manage", token: "x" });
  });

  test.each(["", "#", "#manage=", "#other=x", "#manage=x y", "#manage=x&confirm=y", "manage=x"])(
    "is not “%s”",
    (fragment) => {
      expect(accessOf(fragment)).toBeUndefined();
    },
  );

  test("leads to its page", () => {
    const id = BigInt(`0x${ID}`);
    expect(routeOf(`/subscriptions/${ID}`)).toEqual({ page: "subscription", id });
    // The id begins with a zero, which the page writes again.
    expect(id.toString(16).padStart(32, "0")).toBe(ID);
    for (const other of ["", ID.slice(1), `${ID}0`, ID.toUpperCase(), `${ID}/x`]) {
      expect(routeOf(`/subscriptions/${other}`)).toEqual({ page: "missing" });
    }
  });
});

test("only known channels are offered", () => {
  expect(channelsOf({ channels: [] })).toEqual([]);
  expect(channelsOf({ channels: ["webhook", "pigeon", "email"] })).toEqual(["email", "webhook"]);
});

test("a request names channel, subject, address and language", async () => {
  const requests = answering(json({ channel: "email", confirm_within_s: 172_800 }, 202));
  const wanted = { channel: "email", subject: "poll-3", address: "a@b.example", language: "pl" };
  expect(await follow(new Gateway(), wanted)).toBe(172_800);
  const path = "/api/v1/subscriptions";
  expect(requests).toEqual([{ method: "POST", path, token: undefined, body: wanted }]);
});

describe("a subscription", () => {
  const own = new OwnSubscription(new Gateway(), ID, { purpose: "confirm", token: "secret" });
  const path = `/api/v1/subscriptions/${ID}`;

  test("is read with its token in a header, and can be saved as a whole", async () => {
    const requests = answering(json(OWN));
    const { shown, all } = await own.read();
    expect(requests).toEqual([{ method: "GET", path, token: "secret", body: undefined }]);
    expect(all).toEqual(OWN);
    expect(shown).toMatchObject({ title: "Spring", confirmedAt: undefined, channel: "email" });
    expect(countsOf(shown)).toEqual({ sent: 1, waiting: 1, failed: 2 });
  });

  test("may have lost its subject and its address", async () => {
    answering(json({ ...OWN, title: null, path: null, address: null }));
    const { shown } = await own.read();
    expect([shown.title, shown.path, shown.address]).toEqual([undefined, undefined, undefined]);
  });

  test("of an unknown channel is not understood", async () => {
    answering(json({ ...OWN, channel: "pigeon" }));
    await expect(own.read()).rejects.toThrow(Malformed);
  });

  test("is confirmed by its token", async () => {
    const requests = answering(json({ ...OWN, confirmed_at: 1_900_000_100 }));
    await own.confirm();
    expect(requests).toMatchObject([
      { method: "POST", path: `${path}/confirmation`, body: { token: "secret" } },
    ]);
  });

  test("is deleted, unless the gateway refuses", async () => {
    const refused = { type: "urn:ostraka:problem:no-such-subscription", status: 404 };
    const requests = answering(new Response(null, { status: 204 }), json(refused, 404));
    await own.remove();
    expect(requests).toEqual([{ method: "DELETE", path, token: "secret", body: undefined }]);
    const second = await own.remove().catch((error: unknown) => error);
    expect(second).toBeInstanceOf(Refusal);
    expect((second as Refusal).problem.code).toBe("no-such-subscription");
  });
});
