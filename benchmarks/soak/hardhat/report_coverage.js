/** Prints Hardhat's coverage of all runs together. Run in a checkout with HARDHAT_COVERAGE=true. */
import hre from "hardhat";

await hre.tasks.getTask("build").run({ quiet: true });
await hre._coverage.report("nodejs", "solidity");
