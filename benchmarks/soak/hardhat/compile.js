/**
 * Compiles the contracts of a folder for every line that it reads, without the optimizer, and writes
 * Hardhat's artifacts. Prints a digest of all code, or an empty line where the compiler refuses.
 *
 *     node compile.js FOLDER
 */
import { createHash } from "node:crypto";
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

function read(name) {
  const file = [folder, path.join(folder, "node_modules")]
    .map((base) => path.join(base, name))
    .find((one) => existsSync(one));
  return file ? { contents: readFileSync(file, "utf8") } : { error: `no ${name}` };
}

function compile() {
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(entries.map((name) => [name, { content: read(name).contents }])),
    settings: {
      evmVersion: "cancun",
      metadata: { bytecodeHash: "none", appendCBOR: false },
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
  if ((output.errors ?? []).some(({ severity }) => severity === "error")) return "";
  const digest = createHash("sha256");
  for (const [sourceName, contracts] of Object.entries(output.contracts)) {
    if (sourceName.startsWith("@")) continue;
    for (const [contractName, { abi, evm }] of Object.entries(contracts)) {
      const place = path.join(folder, "artifacts", sourceName);
      mkdirSync(place, { recursive: true });
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
      writeFileSync(path.join(place, `${contractName}.json`), JSON.stringify(artifact));
      digest.update(`${sourceName} ${contractName} ${evm.bytecode.object}\n`);
    }
  }
  return digest.digest("hex");
}

for await (const _ of createInterface({ input: process.stdin })) console.log(compile());
