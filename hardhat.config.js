import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

export default defineConfig({
  solidity: {
    version: "0.8.37",
    // The compiler comes with the locked npm packages; nothing is downloaded at build time.
    path: require.resolve("solc/soljson.js"),
    settings: {
      // The least that OpenZeppelin's code needs (MCOPY): newer chains run it as well.
      evmVersion: "cancun",
      optimizer: { enabled: true, runs: 200 },
      // The same source gives the same code wherever it lies: releases.json names hashes of it.
      metadata: { bytecodeHash: "none", appendCBOR: false },
    },
  },
  paths: { tests: { solidity: "tests/contracts" } },
  test: {
    solidity: {
      fuzz: { runs: 256 },
      // As many calls as reach every status of some poll many times, in seconds.
      invariant: { runs: 24, depth: 150, failOnRevert: true },
    },
  },
  networks: {
    // What `hardhat node` serves: a block for every transaction, and one every second besides.
    node: {
      type: "edr-simulated",
      chainId: 31337,
      mining: { auto: true, interval: 1000 },
      loggingEnabled: false,
    },
  },
});
