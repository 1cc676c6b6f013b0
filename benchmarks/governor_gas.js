/**
 * Gas of a DAO's proposal that a private poll decides, and of the disputes about its census, on
 * Hardhat's chain with the released code. Prints one line of JSON for each figure: `{ name, value }`.
 *
 *     node benchmarks/governor_gas.js
 */
import { pad } from "viem";
import { Census } from "../tests/contracts/support/census.js";
import {
  CHALLENGE_BOND,
  Dao,
  POST_BOND,
  RESPONSE_TIME,
  TIMELOCK_DELAY,
  WINDOW,
  content,
  placed,
} from "../tests/contracts/support/governor.js";

const report = (name, value) => console.log(JSON.stringify({ name, value: Number(value) }));
const FALSE_WEIGHT = 999n;

const dao = await Dao.deploy();
const { chain, censusDisputes } = dao;
const [poster, watcher] = chain.accounts.slice(15);

/** Posts a census of a proposal, and gives what names it, with the gas. */
async function post(proposal, census) {
  const source = await proposal.source();
  const args = [source, content(census)];
  const { events, gas } = await censusDisputes.send("post", args, poster, POST_BOND);
  return { posted: { id: events[0].args.id, source, census: content(census) }, gas };
}

const act = (name, args, value = 0n) => censusDisputes.send(name, args, watcher, value);

/** Gas of each dispute about a census, on a post of its own where it falls. */
async function disputes(proposal, right) {
  const gas = {};
  const standing = await post(proposal, right);
  gas["post a census"] = standing.gas;
  // The first challenge of a contract also pays for what all share.
  await act("challenge", [standing.posted, 0], 2n * CHALLENGE_BOND);
  gas["challenge a place"] = (
    await act("challenge", [standing.posted, 3], 2n * CHALLENGE_BOND)
  ).gas;
  gas["show a place"] = (await act("answer", [standing.posted, placed(right, 3)])).gas;
  for (const [name, [census, method, args]] of Object.entries(frauds(right))) {
    const { posted } = await post(proposal, census);
    gas[name] = (await act(method, [posted, ...args])).gas;
  }
  const { posted } = await post(proposal, right);
  await act("challenge", [posted, 0], 2n * CHALLENGE_BOND);
  await dao.later(RESPONSE_TIME + 1);
  gas["let a census fall"] = (await act("expire", [posted.id, 0])).gas;
  gas["take back what is due"] = (await act("withdraw", [])).gas;
  return gas;
}

/** False censuses, each with the call that shows its fault. */
function frauds(right) {
  const { entries } = right;
  const wrong = new Census(
    entries.map((entry, index) => (index === 2 ? { ...entry, weight: FALSE_WEIGHT } : entry)),
  );
  const missing = new Census(entries.filter((_, index) => index !== 2));
  const swapped = new Census([entries[1], entries[0], ...entries.slice(2)], { sorted: false });
  const node = { hash: pad("0x01"), sum: 5n };
  const padded = new Census(entries, {
    spoil: (known, height, index) => (height === 0 && index === entries.length ? node : known),
  });
  const summed = new Census(entries, {
    spoil: (known, height, index) =>
      height === 1 && index === 0 ? { ...known, sum: known.sum + 1n } : known,
  });
  const [below, above] = summed.levels;
  const sum = [1, 0, above[0].sum, below[0], below[1], summed.siblings(0, 1)];
  const around = [placed(missing, 1), placed(missing, 2)];
  const pair = [placed(swapped, 0), placed(swapped, 1)];
  const siblings = padded.siblings(entries.length);
  return {
    "show a false entry": [wrong, "proveEntry", [placed(wrong, 2)]],
    "show a missing account": [missing, "proveMissing", [entries[2].account, around]],
    "show a false order": [swapped, "proveOrder", [pair]],
    "show a false sum": [summed, "proveSum", sum],
    "show false padding": [padded, "provePadding", [0, entries.length, node, siblings]],
  };
}

/** Gas of a proposal's way from `propose` to `execute`, without disputes. */
async function life(proposal, right) {
  const { posted } = await post(proposal, right);
  await dao.later(WINDOW);
  const started = await proposal.start(posted);
  proposal.poll = proposal.pollOf(started.logs, right);
  const tally = [400n, 100n, 50n];
  await proposal.tallied(tally);
  const settled = await proposal.settle(tally);
  const released = await censusDisputes.send("releaseBond", [posted.id], poster);
  await dao.mine(1);
  const queued = await proposal.enact("queue");
  await dao.later(TIMELOCK_DELAY);
  const executed = await proposal.enact("execute");
  return {
    "start the poll": started.gas,
    "release the bond": released.gas,
    settle: settled.gas,
    queue: queued.gas,
    execute: executed.gas,
  };
}

// The first proposal and the first post of a contract also pay for their counters.
const first = await dao.propose("Nothing yet");
await first.activate();
await post(first, await first.census());

const proposal = await dao.propose();
report("propose", proposal.gas);
await proposal.activate();
const right = await proposal.census();
const saved = await chain.snapshot();
const disputed = await disputes(proposal, right);
await chain.restore(saved);
for (const gas of [disputed, await life(proposal, right)]) {
  for (const [step, value] of Object.entries(gas)) report(step, value);
}
process.exit(0);
