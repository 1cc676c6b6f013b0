/**
 * Compiles the contracts of a folder without the optimizer, and writes Hardhat's artifacts.
 *
 *     node compile.js FOLDER
 *
 * For every line that it reads, it compiles what imports the source with that name; for an empty line
 * everything. Prints "same" if the code is that of the first time for that line, "changed" if not, and
 * "refused" where the compiler refuses. Artifacts are always those of the last code that it made.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";

const [folder] = process.argv.slice(2);
const solc = createRequire(path.join(folder, "package.json"))("solc");

/** Sources that tests deploy; everything else is imported by them. */
const entries = ["contracts", "contracts/testing", "tests/contracts/support"].flatMap((place) =>
  readdirSync(path.join(folder, place))
    .filter((name) => name.endsWith(".sol"))
    .map((name) => `${place}/${name}`),
);
/** For each line the artifacts of the first time, by their paths. */
const originals = new Map();
/** Artifacts that the last answer changed, as they were before. */
const changes = new Map();

function read(name) {
  const file = [folder, path.join(folder, "node_modules")]
    .map((base) => path.join(base, name))
    .find((one) => existsSync(one));
  return file ? { contents: readFileSync(file, "utf8") } : { error: `no ${name}` };
}

/** Whether a source is another one, or imports it, directly or not. */
function needs(name, wanted, seen = new Set()) {
  if (name === wanted) return true;
  if (seen.has(name) || name.startsWith("@")) return false;
  seen.add(name);
  return [...read(name).contents.matchAll(/^import [^;]*"([^"]+)";/gm)].some(([, imported]) =>
    needs(
      imported.startsWith(".") ? path.posix.join(path.posix.dirname(name), imported) : imported,
      wanted,
      seen,
    ),
  );
}

function compile(changed) {
  const chosen = changed ? entries.filter((name) => needs(name, changed)) : entries;
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(chosen.map((name) => [name, { content: read(name).contents }])),
    settings: {
      evmVersion: "cancun",
      metadata: { bytecodeHash: "none", appendCBOR: false },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
  if ((output.errors ?? []).some(({ severity }) => severity === "error")) return "refused";
  for (const [file, artifact] of changes) writeFileSync(file, artifact);
  changes.clear();
  const first = originals.get(changed);
  const made = artifacts(output.contracts);
  if (!first) originals.set(changed, made);
  for (const [file, artifact] of made) {
    if (first?.get(file) === artifact) continue;
    if (first) changes.set(file, first.get(file));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, artifact);
  }
  return changes.size ? "changed" : "same";
}

/** Hardhat's artifacts of our contracts, by their paths. */
function artifacts(sources) {
  const made = new Map();
  for (const [sourceName, contracts] of Object.entries(sources)) {
    if (sourceName.startsWith("@")) continue;
    for (const [contractName, { abi, evm }] of Object.entries(contracts)) {
      const artifact = {
        _format: "hh3-artifact-1",
        contractName,
        sourceName,
        abi,
        bytecode: `0x${evm.bytecode.object}`,
        deployedBytecode: "0x",
        linkReferences: {},
        deployedLinkReferences: {},
        immutableReferences: {},
      };
      const file = path.join(folder, "artifacts", sourceName, `${contractName}.json`);
      made.set(file, JSON.stringify(artifact));
    }
  }
  return made;
}

for await (const line of createInterface({ input: process.stdin })) console.log(compile(line));
