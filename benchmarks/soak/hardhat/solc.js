#!/usr/bin/env node
/** The compiler of npm's solc with the command line that native tools expect of one. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const solc = createRequire(`${process.env.OSTRAKA_CHECKOUT}/package.json`)("solc");
if (process.argv.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else {
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
}
