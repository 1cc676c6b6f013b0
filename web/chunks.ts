/**
 * How the client is cut into scripts, and which of them each page needs at first.
 *
 * By itself the bundler makes a script of every set of modules that the same pages share: thirty small
 * ones for the voting page, which wait for one another on a slow network.
 *
 * Source: docs/decisions/0100-page-speed.md.
 */

import type { Rolldown } from "vite";

/** The module of each path of `PAGE_PATHS` and of the brand's texts, in `src/pages`. */
export const PAGE_MODULES: Readonly<Record<string, string>> = {
  "/": "home",
  "/about": "about",
  "/accessibility": "statement",
  "/imprint": "statement",
  "/key": "key",
  "/organize": "organize/plans",
  "/organize/log": "organize/log",
  "/organize/team": "organize/team",
  "/organize/{plan}": "organize/plan",
  "/polls/{number}": "poll",
  "/polls/{number}/audit": "audit",
  "/polls/{number}/certificate": "certificate",
  "/polls/{number}/check": "check",
  "/polls/{number}/results": "results/page",
  "/privacy": "statement",
  "/register": "register",
  "/rounds/{number}": "round",
  "/rounds/{number}/log": "public_log",
  "/rounds/{number}/propose": "propose",
  "/rounds/{number}/proposals/{proposal}": "proposal",
  "/rounds/{number}/proposals/{proposal}/edit": "propose",
  "/subscriptions/{subscription}": "subscription",
  "/voting-key": "voting_key",
};

/**
 * Name of the script that contains a module; null if the bundler decides.
 *
 * What a module imports is needed by at least the same pages, so no two scripts import each other.
 */
export function scriptOf(id: string, context: Rolldown.ChunkingContext): string | null {
  const needed = neededBy(id, context);
  const by = (page: string) => needed.has(`pages/${page}`);
  // Nothing names what the bundler itself adds.
  if (needed.has("index.html") || !needed.size) return "frame";
  if (needed.size === 1) return null;
  // What the catalogues of messages share.
  if ([...needed].every((name) => name.startsWith("messages/"))) return "frame";
  const elsewhere = by("round") || by("results/page") || by("follow");
  if (by("home") || by("about")) return "view";
  if (by("poll")) return elsewhere ? "polls" : "voting";
  if (needed.has("client/chain_poll") || needed.has("client/rpc")) return "chain";
  if (by("round") && by("results/page")) return "outcomes";
  return by("round") ? "rounds" : by("results/page") ? "tallies" : null;
}

/** The document and the modules loaded on demand that need a module at once, by their paths. */
function neededBy(id: string, context: Rolldown.ChunkingContext): Set<string> {
  const found = new Set<string>();
  const reached = new Set([id]);
  for (const one of reached) {
    const info = context.getModuleInfo(one);
    if (info === null) continue;
    if (info.isEntry || info.dynamicImporters.length) found.add(nameOf(one));
    for (const importer of info.importers) reached.add(importer);
  }
  return found;
}

/** Path of a module below `src`, without its ending. */
function nameOf(id: string): string {
  return id.slice(import.meta.dirname.length + 1).replace(/^src\/(.*)\.\w+$/, "$1");
}

/** Files that a page needs at once, besides those that the document names for every page. */
export function firstFiles(bundle: Rolldown.OutputBundle, module: string): string[] {
  const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
  const named = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const frame = chunks.find((chunk) => chunk.isEntry || chunk.name === "frame");
  const is = (id: string | null) => id !== null && nameOf(id) === `pages/${module}`;
  // A page of which other pages are made has no script of its own.
  const page =
    chunks.find((chunk) => is(chunk.facadeModuleId)) ??
    chunks.find((chunk) => chunk.moduleIds.some(is));
  if (!frame || !page) throw new Error(`${module}: the build has no such page`);
  const closure = (file: string, found: Set<string>): Set<string> => {
    found.add(file);
    for (const next of named.get(file)?.imports ?? []) if (!found.has(next)) closure(next, found);
    return found;
  };
  const before = closure(frame.fileName, new Set());
  return [...closure(page.fileName, new Set())].filter((file) => !before.has(file));
}
