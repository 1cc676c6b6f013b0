/** A chain in this process, its clock, and contracts deployed on it. */
import assert from "node:assert/strict";
import hre from "hardhat";
import {
  createPublicClient,
  createWalletClient,
  custom,
  decodeErrorResult,
  decodeFunctionResult,
  encodeFunctionData,
  numberToHex,
  parseEventLogs,
} from "viem";

/** @param overrides of the network's configuration, such as `{ chainId }` */
export async function startChain(overrides = {}) {
  const { provider } = await hre.network.create({ override: overrides });
  const transport = custom(provider);
  const client = createPublicClient({ transport, pollingInterval: 10, cacheTime: 0 });
  const wallet = createWalletClient({ transport });
  const accounts = await wallet.getAddresses();
  const [account, other] = accounts;
  const chainId = await client.getChainId();
  const now = async () => Number((await client.getBlock()).timestamp);
  return {
    provider,
    client,
    wallet,
    account,
    other,
    accounts,
    chainId,
    now,
    /** Mines one block at just this second. */
    async setTime(second) {
      await provider.request({ method: "evm_setNextBlockTimestamp", params: [second] });
      await provider.request({ method: "evm_mine", params: [] });
    },
    /** The next transaction is in a block of just this second. */
    async nextTime(second) {
      await provider.request({ method: "evm_setNextBlockTimestamp", params: [second] });
    },
    /**
     * Sends calls `[contract, name, arguments, from]` into one block of just this second, in this
     * order; gives for each whether it succeeded.
     */
    async mineTogether(second, calls) {
      const automine = (on) => provider.request({ method: "evm_setAutomine", params: [on] });
      await automine(false);
      const hashes = [];
      for (const [{ abi, address }, functionName, args, from] of calls) {
        const data = encodeFunctionData({ abi, functionName, args });
        const gas = numberToHex(1_000_000);
        const params = [{ from, to: address, data, gas }];
        hashes.push(await provider.request({ method: "eth_sendTransaction", params }));
      }
      await this.setTime(second);
      await automine(true);
      const receipts = await Promise.all(
        hashes.map((hash) => client.getTransactionReceipt({ hash })),
      );
      assert.equal(new Set(receipts.map(({ blockNumber }) => blockNumber)).size, 1);
      return receipts.map(({ status }) => status === "success");
    },
    snapshot: () => provider.request({ method: "evm_snapshot", params: [] }),
    restore: (id) => provider.request({ method: "evm_revert", params: [id] }),
    async deploy(name, args = []) {
      const { abi, bytecode } = await hre.artifacts.readArtifact(name);
      const hash = await wallet.deployContract({ abi, bytecode, args, account, chain: null });
      const receipt = await client.getTransactionReceipt({ hash });
      assert.equal(receipt.status, "success", `${name} was not deployed`);
      return at(name, receipt.contractAddress, { abi, receipt });
    },
    at,
  };

  async function at(name, address, { abi, receipt } = {}) {
    abi ??= (await hre.artifacts.readArtifact(name)).abi;
    const call = async (functionName, args = []) => {
      const data = encodeFunctionData({ abi, functionName, args });
      // Not `client.call`, which would look the reason up in its own way.
      try {
        const result = await provider.request({
          method: "eth_call",
          params: [{ from: account, to: address, data }, "latest"],
        });
        return decodeFunctionResult({ abi, functionName, data: result });
      } catch (error) {
        throw refusal(abi, error);
      }
    };
    const mine = async (data, from, value) => {
      let hash;
      try {
        hash = await provider.request({
          method: "eth_sendTransaction",
          params: [{ from, to: address, data, gas: "0xffffff", value: numberToHex(value) }],
        });
      } catch (error) {
        throw refusal(abi, error);
      }
      const mined = await client.getTransactionReceipt({ hash });
      assert.equal(mined.status, "success");
      const { baseFeePerGas } = await client.getBlock({ blockHash: mined.blockHash });
      return {
        gas: Number(mined.gasUsed),
        baseFee: baseFeePerGas,
        events: parseEventLogs({ abi, logs: mined.logs }),
        logs: mined.logs,
      };
    };
    return {
      address,
      abi,
      receipt,
      call,
      /** Result of a call to each list of arguments; `Refused` where it reverts. */
      callAll: (functionName, lists) =>
        Promise.all(
          lists.map((args) =>
            call(functionName, args).catch((error) => {
              if (error instanceof Refused) return error;
              throw error;
            }),
          ),
        ),
      /** Sends and mines; gives what the transaction used and its events. */
      send: (functionName, args = [], from = account, value = 0n) =>
        mine(encodeFunctionData({ abi, functionName, args }), from, value),
      /** The same with so many zero bytes behind the arguments. */
      sendPadded: (functionName, args, bytes, from = account) =>
        mine(`${encodeFunctionData({ abi, functionName, args })}${"00".repeat(bytes)}`, from, 0n),
    };
  }
}

/** The contract refused; `name` and `values` are those of its custom error. */
export class Refused extends Error {
  constructor(name, values) {
    super(`${name}(${values.join(", ")})`);
    this.name = name;
    this.values = values;
  }
}

function refusal(abi, error) {
  const data = typeof error.data === "string" ? error.data : error.data?.data;
  if (typeof data !== "string" || data.length < 10) return error;
  const { errorName, args = [] } = decodeErrorResult({ abi, data });
  return new Refused(errorName, [...args]);
}

/** The promise is refused for just this reason; `values` are compared where given. */
export async function assertRefused(promise, name, values) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof Refused, error.stack);
    assert.equal(error.name, name, error.message);
    if (values !== undefined) assert.deepEqual(error.values.map(plain), values.map(plain));
    return true;
  });
}

const plain = (value) => (typeof value === "number" ? BigInt(value) : value);
