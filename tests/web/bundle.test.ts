/** The worker as it is built: small, whole, and without what only auditors need. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

import { selectionBits } from "../../web/src/protocol/choice.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import type { ChainEvidence } from "../../web/src/protocol/evidence.ts";
import { approval } from "../../web/src/protocol/question/selection.ts";
import { publicKeyOf } from "../../web/src/protocol/sealing.ts";
import type { Message, Request } from "../../web/src/work/jobs.ts";
import type { PagePort } from "../../web/src/work/serve.ts";
import { type WorkerPort, Workshop } from "../../web/src/work/workshop.ts";

const MAX_KB = 80;
const folder = mkdtempSync(join(tmpdir(), "ostraka-web-"));
const assets = join(folder, "assets");

beforeAll(async () => {
  const configFile = join(import.meta.dirname, "../../web/vite.config.ts");
  await build({ configFile, logLevel: "silent", build: { outDir: folder } });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function script(name: string): string {
  const found = readdirSync(assets).filter((file) => file.startsWith(`${name}-`));
  expect(found).toHaveLength(1);
  return join(assets, found[0]!);
}

test.each(["worker", "checks"])("%s is small", (name) => {
  expect(gzipSync(readFileSync(script(name))).length).toBeLessThan(1000 * MAX_KB);
});

test("the page gets a ballot of it, and loads the audit only for auditing", async () => {
  const page: WorkerPort = {
    postMessage: (message) => {
      worker.onmessage!({ data: structuredClone(message) } as MessageEvent<Request>);
    },
    onmessage: null,
    onerror: null,
    terminate: () => undefined,
  };
  const worker: PagePort = {
    postMessage: (message) => {
      page.onmessage!({ data: structuredClone(message) } as MessageEvent<Message>);
    },
    onmessage: null,
  };
  Object.assign(globalThis, { self: worker });
  await import(/* @vite-ignore */ pathToFileURL(script("worker")).href);
  const shop = new Workshop(() => page);

  const rule = approval(3, 1, 2);
  const poll = {
    rule: rule.encode(),
    threshold: 2,
    pollContext: new Uint8Array(32),
    pollKeys: [1, 2, 3].map((byte) => publicKeyOf(new Uint8Array(32).fill(byte))),
  };
  const voter = new Uint8Array(20).fill(1);
  const bits = selectionBits(rule, [1]);
  const { encoded } = await shop.run("prepare", { poll, voter, bits, castAtUnixS: 5n });
  expect(await shop.run("verify", { poll, ballots: [encoded] })).toEqual([]);

  const claimed = { registry: voter, pollId: 1n };
  const audit = { claimed, chain: {} as ChainEvidence, board: encoded };
  await expect(shop.run("audit", audit)).rejects.toThrow(Malformed);
});
