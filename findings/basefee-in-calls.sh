#!/usr/bin/env bash
# Hardhat 3.17.0 answers eth_call with a base fee of 0, even if the call names a fee; anvil 1.7.1 does not.
#
# The opcode BASEFEE (EIP-3198) gives the base fee of the block. Both chains have a base fee above zero. In
# eth_call, anvil gives that of the newest block. Hardhat gives 0, with and without maxFeePerGas, also in
# eth_estimateGas. A contract that reads the base fee, such as one that asks for a bond or pays for an
# answer by it, then asks for and pays nothing in a call, and takes another path than in the transaction:
# an estimate of its gas lacks the 20,000 gas of a balance that becomes non-zero. The transaction itself
# sees the base fee of its block. Output seen on 2026-11-29 with Node.js 22:
#   anvil: call sees the base fee, call with a fee sees the base fee, transaction sees the base fee;
#     estimate is enough
#   hardhat: call sees 0, call with a fee sees 0, transaction sees the base fee; estimate lacks 19719 gas
# Needs Node.js 22.13 or newer. Exits non-zero when a chain behaves otherwise.
set -euo pipefail
# Everything that it starts ends with it: all have its process group.
[ "$(ps -o pgid= $$ | tr -d ' ')" = $$ ] || exec setsid --wait "$0" "$@"
folder=$(mktemp -d)
trap 'trap "" TERM; kill 0; rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module", "private": true}' > package.json
npm install --silent --no-fund --no-audit hardhat@3.17.0 @foundry-rs/anvil@1.7.1
echo 'export default {};' > hardhat.config.js
cat > probe.mjs <<'NODE'
const [, , name, port, expected] = process.argv;
const url = `http://127.0.0.1:${port}`;

async function ask(method, ...params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const headers = { "content-type": "application/json" };
  const answer = await (await fetch(url, { method: "POST", headers, body })).json();
  if (answer.error) throw new Error(JSON.stringify(answer.error));
  return answer.result;
}

for (let tries = 0; ; tries++) {
  try {
    await ask("eth_chainId");
    break;
  } catch (error) {
    if (tries === 120) throw error;
    await new Promise((done) => setTimeout(done, 500));
  }
}
const [from] = await ask("eth_accounts");
// BASEFEE PUSH0 SSTORE BASEFEE PUSH0 MSTORE PUSH1 32 PUSH0 RETURN, and what deploys these 10 bytes.
const code = "485f55485f5260205ff3";
const sent = async (transaction) => {
  const hash = await ask("eth_sendTransaction", { from, gas: "0x30000", ...transaction });
  return ask("eth_getTransactionReceipt", hash);
};
const { contractAddress: to } = await sent({ data: `0x69${code}5f52600a6016f3` });
const seen = async (fees) => BigInt(await ask("eth_call", { from, to, ...fees }, "latest"));
const newest = await ask("eth_getBlockByNumber", "latest", false);
const words = (value, fee) => {
  if (value === 0n) return "0";
  return value === BigInt(fee) ? "the base fee" : `${value}`;
};
const call = words(await seen({}), newest.baseFeePerGas);
const paid = words(await seen({ maxFeePerGas: "0x174876e800" }), newest.baseFeePerGas);
const estimate = BigInt(await ask("eth_estimateGas", { from, to }));
const { blockHash, gasUsed } = await sent({ to });
const block = await ask("eth_getBlockByHash", blockHash, false);
const stored = words(BigInt(await ask("eth_getStorageAt", to, "0x0", "latest")), block.baseFeePerGas);
const isEnough = estimate >= BigInt(gasUsed);
console.log(
  `${name}: call sees ${call}, call with a fee sees ${paid}, transaction sees ${stored}; ` +
    `estimate ${isEnough ? "is enough" : `lacks ${BigInt(gasUsed) - estimate} gas`}`,
);
const isSo =
  call === expected &&
  paid === expected &&
  stored === "the base fee" &&
  isEnough === (expected !== "0");
process.exit(isSo ? 0 : 1);
NODE
node_modules/.bin/anvil --silent --port 18611 &
node probe.mjs anvil 18611 "the base fee"
HARDHAT_DISABLE_TELEMETRY=true node node_modules/hardhat/dist/src/cli.js node --port 18612 > hardhat.log &
node probe.mjs hardhat 18612 "0"
