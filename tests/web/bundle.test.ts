/** The built client: small, complete, reproducible, and loaded on demand. */

import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "vite";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { PAGE_MODULES } from "../../web/chunks.ts";
import { Malformed } from "../../web/src/protocol/errors.ts";
import type { ChainEvidence } from "../../web/src/protocol/evidence.ts";
import { Approval } from "../../web/src/protocol/question/selection.ts";
import { unixSeconds } from "../../web/src/protocol/units.ts";
import type { Message, Request } from "../../web/src/workshop/jobs.ts";
import type { PagePort } from "../../web/src/workshop/serve.ts";
import { type WorkerPort, WorkerClient } from "../../web/src/workshop/client.ts";
import { publicKeyOf } from "./support/poll_keys.ts";

const MAX_KB = 80;
/** Size of all scripts that the voting page loads at first, including its worker. */
const MAX_PAGE_KB = 160;
/** Size of the scripts that a page needs before it shows anything, and how many they may be. */
const FIRST_VIEW = {
  "/": 50,
  "/rounds/{number}": 85,
  "/polls/{number}": 95,
  "/polls/{number}/results": 82,
};
const MAX_SCRIPTS = 7;
/** Size of the fonts and style sheets of the first view, with the letters of every language. */
const MAX_STYLE_KB = 60;
const configFile = join(import.meta.dirname, "../../web/vite.config.ts");
const folder = mkdtempSync(join(tmpdir(), "ostraka-web-"));
const assets = join(folder, "assets");

beforeAll(async () => {
  // Vitest's own value would build for development.
  vi.stubEnv("NODE_ENV", "production");
  await build({ configFile, logLevel: "silent", build: { outDir: folder } });
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function script(name: string): string {
  const found = readdirSync(assets).filter(
    (file) => file.startsWith(`${name}-`) && file.endsWith(".js"),
  );
  expect(found).toHaveLength(1);
  return join(assets, found[0]!);
}

/** The script that the document names. */
function entry(): string {
  const html = readFileSync(join(folder, "index.html"), "utf8");
  return join(assets, /<script type="module"[^>]* src="\/assets\/([^"]+)"/.exec(html)![1]!);
}

test.each(["worker", "checks", "proof_batch"])("the %s stays below its size limit", (name) => {
  expect(gzipSync(readFileSync(script(name))).length).toBeLessThan(1000 * MAX_KB);
});

/** Scripts that a script imports statically, and those that it loads by `import()`. */
function loads(path: string, wanted: readonly string[]): Set<string> {
  const found = new Set([path]);
  for (const one of found) {
    const code = readFileSync(one, "utf8");
    const names = [
      ...code.matchAll(/(?:import|export)[^"'`;()]*?["'`]\.\/([\w.-]+\.js)["'`]/g),
      ...code.matchAll(/import\(["'`]\.\/((?:[\w]+)-[\w-]+\.js)["'`]\)/g),
    ];
    for (const [text, name] of names) {
      const dynamic = text.startsWith("import(");
      if (!dynamic || wanted.some((start) => name!.startsWith(`${start}-`))) {
        found.add(join(assets, name!));
      }
    }
  }
  return found;
}

test("the voting page stays below its size limit", () => {
  const page = loads(entry(), ["poll", "chain_poll", "rpc"]);
  expect([...page].some((path) => path.includes("chain_poll-"))).toBe(true);
  const language = ["en", "de", "es", "pl"].map((name) => catalogue(name, "cast.title"));
  const sizeOf = (path: string) => gzipSync(readFileSync(path)).length;
  const [largest] = language.sort((one, other) => sizeOf(other) - sizeOf(one));
  const all = [...page, largest!, ...loads(script("worker"), [])];
  const size = all.reduce((sum, path) => sum + sizeOf(path), 0);
  expect(size).toBeLessThan(1000 * MAX_PAGE_KB);
  // Only those who verify ballots load what verifies them.
  expect(all).not.toContain(script("proof_batch"));
});

test("fonts and styles of the first view stay below their size limit", () => {
  const named = (pattern: RegExp) => readdirSync(assets).filter((name) => pattern.test(name));
  const fonts = named(/\.woff2$/);
  expect(fonts).toHaveLength(2);
  const styles = named(/\.css$/);
  // One sheet, so that no page waits for its own. Fonts are compressed already.
  expect(styles).toHaveLength(1);
  const size =
    fonts.reduce((sum, name) => sum + readFileSync(join(assets, name)).length, 0) +
    styles.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
  expect(size).toBeLessThan(1000 * MAX_STYLE_KB);
});

/** Scripts that the document of a page loads at once besides its own, from the tags for it. */
function preloaded(path: string): string[] {
  const content = readFileSync(join(folder, "preloads.json"), "utf8");
  const tags = (JSON.parse(content) as Record<string, string[]>)[path]!;
  return tags.map((tag) => {
    const pattern =
      /^<link rel="modulepreload" crossorigin href="\/assets\/([\w-]+\.js)" integrity="sha384-([^"]+)">$/;
    const [, name, hash] = pattern.exec(tag)!;
    const content = readFileSync(join(assets, name!));
    expect(hash).toBe(createHash("sha384").update(content).digest("base64"));
    return join(assets, name!);
  });
}

test.each(Object.keys(PAGE_MODULES))("the document of %s loads what the page imports", (path) => {
  const own = [...loads(entry(), [])];
  const page = preloaded(path);
  expect(new Set(page).size).toBe(page.length);
  expect(page.length).toBeGreaterThan(0);
  const needed = new Set(page.flatMap((one) => [...loads(one, [])]));
  expect([...needed].filter((one) => !own.includes(one)).sort()).toEqual([...page].sort());
});

test.each(Object.entries(FIRST_VIEW))("the first view of %s is small", (path, limitKb) => {
  const all = [...loads(entry(), []), ...preloaded(path)];
  expect(all.length).toBeLessThanOrEqual(MAX_SCRIPTS);
  const size = all.reduce((sum, one) => sum + gzipSync(readFileSync(one)).length, 0);
  expect(size).toBeLessThan(1000 * limitKb);
  // What seals, reads the chain or verifies comes later.
  for (const name of ["worker", "chain_poll", "proof_batch", "checks"]) {
    expect(all).not.toContain(script(name));
  }
});

test("the page of components is for development only", () => {
  expect(readdirSync(assets).filter((name) => name.startsWith("design-"))).toEqual([]);
});

/** The script of a catalogue: the one with a message of its language. */
function catalogue(language: string, id: string): string {
  const names = readdirSync(assets).filter((name) =>
    new RegExp(`^${language}-.*\\.js$`).test(name),
  );
  const found = names.filter((name) =>
    readFileSync(join(assets, name), "utf8").includes(`"${id}":`),
  );
  expect(found).toHaveLength(1);
  return join(assets, found[0]!);
}

test("only the texts of the language in use and of the page are loaded", () => {
  const page = loads(entry(), ["poll", "chain_poll", "rpc"]);
  for (const language of ["en", "de", "es", "pl"]) {
    const voter = catalogue(language, "cast.title");
    const others = ["organize.token.why", "follow.lead"].map((id) => catalogue(language, id));
    expect(new Set([voter, ...others]).size).toBe(3);
    expect([voter, ...others].some((one) => page.has(one))).toBe(false);
  }
});

test("the page names scripts and styles by hash and has none inline", () => {
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const tags = [...html.matchAll(/<(?:script|link)[^>]*assets[^>]*>/g)].map(([tag]) => tag);
  expect(tags.length).toBeGreaterThanOrEqual(2);
  // A font would delay the sheet that the first text waits for.
  expect(html).not.toContain('as="font"');
  for (const tag of tags) {
    const name = /assets\/([^"]+)"/.exec(tag)![1]!;
    const hash = createHash("sha384")
      .update(readFileSync(join(assets, name)))
      .digest("base64");
    expect(tag).toContain(`integrity="sha384-${hash}"`);
  }
  const [whole, map] = /<script type="importmap">(.*?)<\/script>/.exec(html)!;
  const { integrity } = JSON.parse(map!) as { integrity: Record<string, string> };
  const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
  expect(Object.keys(integrity)).toEqual(scripts.sort().map((name) => `/assets/${name}`));
  for (const [name, expected] of Object.entries(integrity)) {
    const hash = createHash("sha384")
      .update(readFileSync(join(folder, name)))
      .digest("base64");
    expect(expected).toBe(`sha384-${hash}`);
  }
  expect(html.replace(whole, "")).not.toMatch(/<style|style=|<script[^>]*>[^<]/);
});

test("two builds give the same files", async () => {
  const other = mkdtempSync(join(tmpdir(), "ostraka-web-again-"));
  try {
    await build({ configFile, logLevel: "silent", build: { outDir: other } });
    const files = readdirSync(folder, { recursive: true, withFileTypes: true });
    const names = files
      .filter((one) => one.isFile())
      .map((one) => {
        return join(one.parentPath, one.name).slice(folder.length);
      });
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      expect(readFileSync(join(other, name)), name).toEqual(readFileSync(join(folder, name)));
    }
    expect(readdirSync(join(other, "assets"))).toEqual(readdirSync(assets));
  } finally {
    rmSync(other, { recursive: true });
  }
});

test("the built worker seals a ballot and loads the audit on demand", async () => {
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
  const shop = new WorkerClient(() => page);

  const question = new Approval("Which?", ["a", "b", "c"], 1, 2);
  const poll = {
    identity: { chainId: 1n, registry: new Uint8Array(20), pollId: 1n },
    context: new Uint8Array(32),
    rule: question.rule.encode(),
    threshold: 2,
    pollKeys: [1, 2, 3].map((byte) => publicKeyOf(new Uint8Array(32).fill(byte))),
  };
  const voter = new Uint8Array(20).fill(1);
  const bits = question.voteBits([1]);
  const castAtUnixS = unixSeconds(5);
  const { encoded } = await shop.run("seal", { poll, voter, bits, castAtUnixS });
  expect(await shop.run("verify", { poll, ballots: [encoded] })).toEqual([]);

  const claimed = { registry: voter, pollId: 1n };
  const audit = { claimed, chain: {} as ChainEvidence, board: encoded };
  await expect(shop.run("audit", audit)).rejects.toThrow(Malformed);
});
