import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

export default defineConfig({
  solidity: {
    version: "0.8.37",
    // The compiler comes with the locked npm packages; nothing is downloaded at build time.
    path: require.resolve("solc/soljson.js"),
    // Tests execute a proposal by the timelock that DAOs use.
    npmFilesToBuild: ["@openzeppelin/contracts/governance/TimelockController.sol"],
    settings: {
      // The oldest version that OpenZeppelin's code can use (MCOPY); newer chains run it, too.
      evmVersion: "cancun",
      optimizer: { enabled: true, runs: 200 },
      // The same source gives the same code in every folder; releases.json has its hashes.
      metadata: { bytecodeHash: "none", appendCBOR: false },
    },
  },
  paths: { tests: { solidity: "tests/contracts" } },
  test: {
    solidity: {
      fuzz: { runs: 256 },
      // Enough calls to reach every status of a poll many times, within seconds.
      invariant: { runs: 64, depth: 64, failOnRevert: true },
    },
  },
  networks: {
    // `hardhat node` mines a block for every transaction, and one every second.
    node: {
      type: "edr-simulated",
      chainId: 31337,
      mining: { auto: true, interval: 1000 },
      loggingEnabled: false,
    },
  },
});
