/**
 * Gas of a poll's transactions and of every dispute, on Hardhat's chain with the released code. Prints
 * one line of JSON for each figure: `{ name, value }`.
 *
 *     node benchmarks/gas.js
 *
 * The voters are given by number: their leaves and their places in the census are made up, except for
 * those of the ballots that answers need. What the contracts check does not depend on the others.
 */
import { concat, numberToHex, pad } from "viem";
import {
  DisputedPoll,
  NOBODY,
  deployDisputes,
  voter,
} from "../tests/contracts/support/disputes.js";
import { Census } from "../tests/contracts/support/census.js";
import { range, ruleBytes, singleChoice } from "../tests/contracts/support/encodings.js";
import { EMPTY, SumTree, ballot, leafOf } from "../tests/contracts/support/votes.js";

const report = (name, value) => console.log(JSON.stringify({ name, value: Number(value) }));
const REPORTED_ROWS = 16;

/** The most bits, and as many rows as 98,304 bytes hold; two bits share a slot, so that no point is
 * left out. */
function largestRule() {
  const bits = 320;
  const slots = range(bits - 1).map((slot) =>
    slot
      ? [[slot + 1, 1]]
      : [
          [0, 1],
          [1, 1],
        ],
  );
  const row = { terms: range(bits).map((bit) => [bit, 1]), constant: 1 };
  const rule = { bits, slots, rows: [row] };
  while (ruleBytes({ ...rule, rows: [...rule.rows, row] }).length / 2 - 1 <= 98_304) {
    rule.rows.push(row);
  }
  if (rule.rows.length < REPORTED_ROWS - 1) throw new Error(`only ${rule.rows.length} rows`);
  return rule;
}

/** A poll of so many voters with real ballots of the first two, and its tree of leaves. */
async function pollOf(deployed, committee, { voters, rule, real = 2 }) {
  const people = range(real).map(voter);
  // Above every real account, so that the real ones come first.
  const others = range(voters - real).map((number) =>
    pad(concat(["0xffffffff", numberToHex(number, { size: 4 })]), { dir: "right", size: 20 }),
  );
  const entries = [...people.map(({ address }) => address), ...others];
  const census = new Census(entries.map((account) => ({ account })));
  const changes = { secret: false, maxDisputeDelay: 3600, minimumBallots: 1 };
  const inner = await deployed.registry.create(committee, {
    rule: ruleBytes(rule),
    censusHash: census.censusHash,
    totalWeight: census.totalWeight,
    voters,
    ...changes,
  });
  const signers = new Map(people.map((person) => [person.address.toLowerCase(), person]));
  const casters = census.entries
    .slice(0, real)
    .map(({ account }) => signers.get(account.toLowerCase()));
  const ballots = casters.map(({ address }, index) =>
    ballot({
      rule,
      voter: address,
      castAt: inner.parameters.opensAt + BigInt(index),
      bits: range(rule.bits).map((bit) => (bit === 2 * index ? 1n : 0n)),
      context: inner.context,
      threshold: 3,
    }),
  );
  const poll = Object.assign(new DisputedPoll(), {
    ...deployed,
    inner,
    census,
    casters,
    ballots,
    committee,
    rule,
    terms: { parameters: inner.parameters, rule: ruleBytes(rule) },
    subject: { registry: deployed.registry.contract.address, id: inner.id },
  });
  // The others have the identity as their sum, whose multiples cost nothing to compute here.
  const nobody = others.map((account) => ({
    ...leafOf({ voter: account, castAt: 1n, bytes: "0x", value: [0n, 0n] }),
  }));
  poll.full = [...poll.leaves(), ...nobody];
  return poll;
}

/** Runs, and gives the chain back as it was. */
async function undone(chain, run) {
  const saved = await chain.snapshot();
  try {
    return await run();
  } finally {
    await chain.restore(saved);
  }
}

/** Gas of every dispute about the first leaf of a poll. */
async function disputesOf(poll) {
  const { chain } = poll;
  const gas = {};
  const tree = new SumTree(poll.full);
  await poll.inner.close();
  const atClose = await chain.snapshot();
  await chain.nextTime(poll.inner.freezesAt);
  gas.anchor = (await poll.inner.anchor(tree.root())).gas;
  poll.current = tree;
  const [first] = poll.ballots;
  await undone(chain, async () => {
    const opened = await poll.challengeLeaf(0);
    gas.challengeLeaf = opened.gas;
    const id = opened.challenge.challenge;
    const payee = await poll.payee(id, chain.accounts[5]);
    const evidence = await poll.evidence(0);
    await undone(chain, async () => {
      gas.answerLeaf = (await poll.answerLeaf(0, evidence, payee)).gas;
    });
    await chain.setTime(opened.challenge.deadline + 1);
    gas.expire = (await poll.send("expire", id)).gas;
    gas.withdraw = (await poll.disputes.send("withdraw", [], chain.other)).gas;
  });
  await undone(chain, async () => {
    const { challenge, gas: used } = await poll.challengeOmission(first);
    gas.challengeOmission = used;
    const payee = await poll.payee(challenge.challenge, chain.accounts[5]);
    const answer = [poll.receipt(first), 0, poll.full[0], tree.siblings(0), payee];
    gas.answerOmission = (await poll.send("answerOmission", ...answer)).gas;
  });
  await undone(chain, async () => {
    // The last response is another one: every equation is computed before that shows.
    const wrong = { ...first, bytes: `${first.bytes.slice(0, -2)}${last(first.bytes)}` };
    const { challenge } = await poll.challengeOmission(wrong);
    const payee = await poll.payee(challenge.challenge, chain.accounts[5]);
    const answer = [poll.terms, poll.receipt(wrong), wrong.bytes, payee];
    gas.answerInvalidBallot = (await poll.send("answerInvalidBallot", ...answer)).gas;
  });
  await chain.restore(atClose);
  for (const [name, proof] of Object.entries(frauds(poll, tree))) {
    const saved = await chain.snapshot();
    await chain.nextTime(poll.inner.freezesAt);
    await poll.inner.anchor(proof.tree.root());
    gas[name] = (await poll.send(name, ...proof.args())).gas;
    await chain.restore(saved);
  }
  return gas;
}

const last = (bytes) => (bytes.endsWith("00") ? "01" : "00");

/** Trees with one fault each, and the arguments that show it as deep in the tree as it can be. */
function frauds(poll, tree) {
  const { full } = poll;
  const thief = full[0];
  const sum = new SumTree(full, {
    spoil: (node, height, index) =>
      height === 1 && index === 0 ? { ...node, x: thief.x, y: thief.y } : node,
  });
  const hole = new SumTree(full, {
    spoil: (node, height, index) => (height === 0 && index === 1 ? EMPTY : node),
  });
  const order = new SumTree([full[1], full[0], ...full.slice(2)]);
  return {
    proveSum: {
      tree: sum,
      args: () => {
        const node = sum.levels[1][0];
        return [1, 0, [node.x, node.y], ...sum.levels[0].slice(0, 2), sum.siblings(0, 1)];
      },
    },
    provePadding: { tree: hole, args: () => [0, 1, EMPTY, hole.siblings(1)] },
    proveOrder: {
      tree: order,
      args: () => [0, [full[1], full[0]], [0, 1].map((index) => order.siblings(index))],
    },
  };
}

/** Gas of the transactions of a whole poll, without disputes. */
async function wholePoll(deployed, committee, voters) {
  const { chain } = deployed.registry;
  const rule = singleChoice(10);
  return undone(chain, async () => {
    const poll = await pollOf(deployed, committee, { voters, rule });
    const { inner } = poll;
    const opened = await inner.open();
    await chain.setTime(inner.freezesAt);
    const tree = new SumTree(poll.full);
    const anchored = await inner.anchor(tree.root());
    await chain.setTime(Number((await inner.view()).releasableAt));
    const order = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
    const blinding = poll.ballots.reduce((sum, one) => sum + one.blinding, 0n) % order;
    const tally = range(10).map((slot) =>
      poll.ballots.reduce((sum, { bits }) => sum + bits[slot], 0n),
    );
    const accepted = await inner.accept(tally, blinding);
    return inner.creationGas + opened.gas + anchored.gas + accepted.gas;
  });
}

const deployed = await deployDisputes();
const committee = await deployed.registry.register();
// The first poll of a registry also pays for its counter.
await pollOf(deployed, committee, { voters: 2, rule: singleChoice(3) });

const rules = {
  "10 options": singleChoice(10),
  "64 bits": singleChoice(64),
  largest: largestRule(),
};
for (const [name, rule] of Object.entries(rules)) {
  const gas = await undone(deployed.registry.chain, async () =>
    disputesOf(await pollOf(deployed, committee, { voters: 3, rule })),
  );
  for (const [step, value] of Object.entries(gas)) report(`${step}, ${name}`, value);
}

await undone(deployed.registry.chain, async () => {
  const poll = await pollOf(deployed, committee, { voters: 2, rule: rules["64 bits"] });
  await poll.anchor(new SumTree(poll.full));
  await poll.challengeLeaf(0);
  const { gas } = await poll.answerLeaf(0, await poll.evidence(0), NOBODY);
  report("answerLeaf without a payee, 64 bits", gas);
});

const sizes = [8, 1024];
const byVoters = [];
for (const voters of sizes) {
  byVoters.push(
    await undone(deployed.registry.chain, async () =>
      disputesOf(await pollOf(deployed, committee, { voters, rule: singleChoice(3) })),
    ),
  );
}
const doublings = Math.log2(sizes[1] / sizes[0]);
/** Paths in the tree of ballots and in the census. */
const paths = { answerLeaf: 2, answerOmission: 1, proveSum: 1, provePadding: 1, proveOrder: 2 };
for (const [step, number] of Object.entries(paths)) {
  const more = (byVoters[1][step] - byVoters[0][step]) / doublings / number;
  report(`${step}, a doubling and path`, Math.round(more));
}

for (const voters of [10, 1000, 100_000]) {
  report(`whole poll, ${voters} voters`, await wholePoll(deployed, committee, voters));
}
process.exit(0);
