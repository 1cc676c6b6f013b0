#!/usr/bin/env node
/** The compiler of npm's solc with the command line that native tools expect of one. */
import { createRequire } from "node:module";
import process from "node:process";
import { text } from "node:stream/consumers";

const solc = createRequire(`${process.env.OSTRAKA_CHECKOUT}/package.json`)("solc");
if (process.argv.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else {
  process.stdout.write(solc.compile(await text(process.stdin)));
}
