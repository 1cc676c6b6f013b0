/** Preloaded into a test file of Node.js: keeps which statements of the contracts it ran. */
import { after } from "node:test";

after(async () => {
  const { default: hre } = await import("hardhat");
  await hre._coverage.saveData("nodejs");
});
