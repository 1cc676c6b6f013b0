/** Jobs of the worker, over a message channel as in a browser. */

import { afterEach, describe, expect, test } from "vitest";

import { termsOf } from "../../web/src/client/casting.ts";
import { BallotLayout } from "../../web/src/protocol/ballot.ts";
import { utf8 } from "../../web/src/protocol/encoding.ts";
import { Malformed, Rejected } from "../../web/src/protocol/errors.ts";
import type { ChainEvidence } from "../../web/src/protocol/evidence.ts";
import { ProofShape } from "../../web/src/protocol/proof.ts";
import { Approval } from "../../web/src/protocol/question/selection.ts";
import { ballotInfo, open } from "../../web/src/protocol/sealing.ts";
import { decodeBox, verifyShare } from "../../web/src/protocol/sharing.ts";
import { CommitmentKey } from "../../web/src/protocol/commitment.ts";
import { errorOf, failureOf, type Vote } from "../../web/src/workshop/jobs.ts";
import { serve } from "../../web/src/workshop/serve.ts";
import { type WorkerPort, WorkerClient } from "../../web/src/workshop/client.ts";
import { publicKeyOf } from "./support/poll_keys.ts";
import { OpenPoll } from "../../web/src/protocol/published.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import { nodesOf, openDataOf } from "./support/polls.ts";

const QUESTION = new Approval("Which?", ["a", "b", "c", "d"], 1, 3);
const RULE = QUESTION.rule;
const SECRETS = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte));
const PARTS = {
  rule: RULE,
  description: { title: "Which?", options: QUESTION.options },
  members: nodesOf(4),
  pollKeys: SECRETS.map(publicKeyOf),
};
const POLL = termsOf(new OpenPoll(openDataOf(PARTS)));
const VOTE: Vote = {
  poll: POLL,
  voter: new Uint8Array(20).fill(5),
  bits: QUESTION.voteBits([0, 2]),
  castAtUnixS: unixSeconds(1_800_000_000),
};

const ports: MessagePort[] = [];

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A worker on this thread. */
function channel(served: (port: MessagePort) => void): WorkerPort {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  served(port2);
  return Object.assign(port1, {
    onerror: null,
    terminate: () => {
      port1.close();
    },
  });
}

function workshop(): WorkerClient {
  return new WorkerClient(() =>
    channel((port) => {
      serve(port);
    }),
  );
}

describe("seal", () => {
  test("gives a valid ballot with valid boxes and reports progress", async () => {
    const shop = workshop();
    const told: number[] = [];
    const prepared = await shop.run("seal", VOTE, { progress: (done) => told.push(done) });
    expect(told).toEqual([1, 2, 3]);
    expect(prepared.opening.bits).toEqual(VOTE.bits);
    expect(await shop.run("verify", { poll: POLL, ballots: [prepared.encoded] })).toEqual([]);
    const ballot = new BallotLayout(new ProofShape(RULE, 2)).decode(prepared.encoded);
    const key = new CommitmentKey(RULE.width);
    prepared.boxes.forEach((box, place) => {
      const info = ballotInfo(POLL.context, place + 1);
      const content = decodeBox(open(SECRETS[place]!, box, info), RULE.slots.length);
      expect(content.ballotDigest).toEqual(prepared.digest);
      verifyShare(key, place + 1, ballot.sharing, content.share);
      const other = place === 0 ? 2 : 1;
      expect(() => {
        verifyShare(key, other, ballot.sharing, content.share);
      }).toThrow(/S0/);
    });
  });

  test("names the fault of an invalid vote", async () => {
    const bits = [1n, 1n, 1n, 1n, 0n, 0n];
    await expect(workshop().run("seal", { ...VOTE, bits })).rejects.toThrow(RangeError);
  });

  test("may have its tables computed in advance", async () => {
    const shop = workshop();
    expect(await shop.run("warm", POLL)).toBeNull();
    const other = { ...POLL, threshold: 3 };
    const [two, three] = [
      await shop.run("seal", VOTE),
      await shop.run("seal", { ...VOTE, poll: other }),
    ];
    expect(three.encoded.length - two.encoded.length).toBe(64);
  });
});

describe("verify", () => {
  test("names each bad ballot across batches", async () => {
    const shop = workshop();
    const { encoded } = await shop.run("seal", VOTE);
    const bad = encoded.slice();
    bad[0]! ^= 1;
    const ballots = Array.from({ length: 502 }, (_, number) => {
      return number === 3 || number === 501 ? bad : encoded;
    });
    const told: [number, number][] = [];
    const progress = (done: number, total: number) => told.push([done, total]);
    const failures = await shop.run("verify", { poll: POLL, ballots }, { progress });
    expect(failures.map(({ number }) => number)).toEqual([3, 501]);
    expect(told).toEqual([
      [500, 502],
      [502, 502],
    ]);
  });

  test("names a ballot that cannot be decoded", async () => {
    const ballots = [new Uint8Array(3)];
    const verified = workshop().run("verify", { poll: POLL, ballots });
    await expect(verified).rejects.toThrow(Malformed);
    await expect(verified).rejects.toThrow("ballots[0]");
  });
});

test("an audit of an invalid board throws Malformed", async () => {
  const claimed = { registry: new Uint8Array(20), pollId: 1n };
  const board = utf8("no board");
  const audited = workshop().run("audit", { claimed, chain: {} as ChainEvidence, board });
  await expect(audited).rejects.toThrow(Malformed);
});

describe("cancelling", () => {
  test("terminates only the worker of the running job", async () => {
    let started = 0;
    let ended = 0;
    const shop = new WorkerClient(() => {
      started += 1;
      // The first one never answers.
      const worker = channel((port) => {
        if (started > 1) serve(port);
      });
      return Object.assign(worker, {
        terminate: () => {
          ended += 1;
        },
      });
    });
    const control = new AbortController();
    const first = shop.run("warm", POLL, { signal: control.signal });
    const second = shop.run("seal", VOTE);
    control.abort(new Error("no more"));
    await expect(first).rejects.toThrow("no more");
    expect((await second).boxes.length).toBe(4);
    expect([started, ended]).toEqual([2, 1]);
    control.abort();
    expect(await shop.run("warm", POLL)).toBeNull();
    expect(started).toBe(2);
  });

  test("removes a waiting job from the queue", async () => {
    const shop = workshop();
    const control = new AbortController();
    const first = shop.run("warm", POLL);
    const second = shop.run("seal", VOTE, { signal: control.signal });
    control.abort(new Error("no more"));
    await expect(second).rejects.toThrow("no more");
    expect(await first).toBeNull();
  });

  test("rejects a job before it starts", async () => {
    const signal = AbortSignal.abort(new Error("never"));
    await expect(workshop().run("warm", POLL, { signal })).rejects.toThrow("never");
  });

  test("closing rejects every waiting job", async () => {
    const shop = new WorkerClient(() => channel(() => undefined));
    const jobs = [shop.run("warm", POLL), shop.run("warm", POLL)];
    shop.close();
    for (const job of jobs) await expect(job).rejects.toThrow("closed");
  });

  test("a failed worker rejects its job and is replaced", async () => {
    const workers: WorkerPort[] = [];
    const shop = new WorkerClient(() => {
      const worker = channel((port) => {
        if (workers.length) serve(port);
      });
      workers.push(worker);
      return worker;
    });
    const first = shop.run("warm", POLL);
    const second = shop.run("warm", POLL);
    workers[0]!.onerror!({ message: "not loaded" } as ErrorEvent);
    await expect(first).rejects.toThrow("not loaded");
    expect(await second).toBeNull();
  });
});

test.each<Error>([
  new Rejected("B6", "proofs[0]", "an equation fails"),
  new Malformed("board", "cut short"),
  new RangeError("4, allowed are 1 to 3"),
])("an error keeps its class between threads: %s", (error) => {
  const revived: unknown = errorOf(structuredClone(failureOf(error)));
  expect(revived).toBeInstanceOf(error.constructor);
  expect(revived).toMatchObject({ message: error.message });
  if (error instanceof Rejected) expect(revived).toMatchObject({ check: "B6", item: "proofs[0]" });
});
