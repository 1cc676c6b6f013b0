/** Creating polls: docs/protocol.md §4.1, §4.2, §5.3, §14. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { concat, encodeAbiParameters, getAddress, keccak256, stringToHex } from "viem";
import { censusRoot } from "./support/census.js";
import { assertRefused } from "./support/chain.js";
import { greedyBytes, range, ruleBytes, singleChoice, tagged } from "./support/encodings.js";
import { DESCRIPTION, Status, deployRegistry, isolated, word } from "./support/registry.js";

const state = isolated({ before, beforeEach, afterEach }, async (prepared) => {
  prepared.committee = await prepared.registry.register();
});
const create = (changes) => state.registry.create(state.committee, changes);
const creation = (changes) => state.registry.creation(state.committee, changes);
const send = (args) => state.registry.contract.send("createPoll", args);

/** §4.2, from the words of the parameters alone. */
function pollContext(registry, id, parameters, slots, maxSlotValue) {
  const words = [
    registry.chain.chainId,
    registry.contract.address,
    id,
    ...Object.values(parameters).map((value) =>
      typeof value === "boolean" ? Number(value) : value,
    ),
    slots,
    maxSlotValue,
  ];
  return tagged("poll", ...words.map((value) => word(BigInt(value))));
}

test("a poll is stored, announced with all its bytes, and read back", async () => {
  const args = await creation({ outcomeRule: greedyBytes({ budget: 5, costs: [1, 2, 3] }) });
  const [parameters, , rule, outcomeRule, description] = args;
  const { events } = await send(args);
  assert.equal(events.length, 1);
  assert.equal(events[0].eventName, "PollCreated");
  const creator = getAddress(state.registry.chain.account);
  const context = pollContext(state.registry, 1, parameters, 3, 1);
  assert.deepEqual(events[0].args, {
    pollId: 1n,
    creator,
    pollContext: context,
    parameters,
    rule,
    outcomeRule,
    description,
  });
  const freezesAt = parameters.closesAt + 60n;
  assert.deepEqual(await state.registry.contract.call("poll", [1]), {
    status: Status.Created,
    pollContext: context,
    committee: state.committee.digest,
    creator,
    slots: 3,
    maxSlotValue: 1n,
    totalWeight: 30n,
    voters: 10,
    minimumBallots: 2,
    opensAt: parameters.opensAt,
    closesAt: parameters.closesAt,
    freezesAt,
    anchorDeadline: freezesAt + 120n,
    anchoredAt: 0n,
    releasableAt: 0n,
    tallyDeadline: 0n,
    outcomeRule: parameters.outcomeRule,
    pollKeys: word(0),
    root: { round: 0, rootHash: word(0), sumX: 0n, sumY: 0n, count: 0 },
    tallyDigest: word(0),
    rejectedRounds: 0,
    rejectedAt: 0n,
    contested: false,
  });
});

test("ids count from 1, and equal polls have different contexts", async () => {
  assert.equal(await state.registry.contract.call("pollCount"), 0n);
  const args = await creation();
  const contexts = [];
  for (const id of [1n, 2n, 3n]) {
    const { events } = await send(args);
    assert.equal(events[0].args.pollId, id);
    assert.equal(await state.registry.contract.call("pollCount"), id);
    contexts.push(events[0].args.pollContext);
  }
  assert.equal(new Set(contexts).size, 3);
});

test("the context binds every parameter, the registry and the chain", async () => {
  const base = await creation();
  const other = {
    censusHash: word(78),
    voters: 11,
    totalWeight: 31n,
    secret: false,
    opensAt: base[0].opensAt + 1n,
    closesAt: base[0].closesAt + 1n,
    freezeDelay: 61,
    roundDuration: 31,
    maxRounds: 5,
    disputeWindow: 601,
    tallyPeriod: 901,
    minimumBallots: 3,
    description: stringToHex('{"title": "Dinner"}'),
    rule: ruleBytes({ bits: 3, slots: [[[0, 2]], [[1, 1]], [[2, 1]]] }),
    outcomeRule: greedyBytes({ budget: 5, costs: [1, 2, 3] }),
  };
  const id = 1;
  const seen = new Set([pollContext(state.registry, id, base[0], 3, 1)]);
  for (const [name, value] of Object.entries(other)) {
    const args = await creation({
      opensAt: base[0].opensAt,
      closesAt: base[0].closesAt,
      [name]: value,
    });
    const saved = await state.registry.chain.snapshot();
    const { events } = await send(args);
    await state.registry.chain.restore(saved);
    const expected = pollContext(state.registry, id, args[0], 3, name === "rule" ? 2 : 1);
    assert.equal(events[0].args.pollContext, expected, name);
    seen.add(expected);
  }
  assert.equal(seen.size, 1 + Object.keys(other).length);

  const elsewhere = await deployRegistry({ chainId: 999 });
  const poll = await elsewhere.create(await elsewhere.register(), {});
  assert.equal(poll.context, pollContext(elsewhere, 1, poll.parameters, 3, 1));
});

test("anyone creates polls", async () => {
  const { other } = state.registry.chain;
  const { events } = await state.registry.contract.send("createPoll", await creation(), other);
  assert.equal(events[0].args.creator, getAddress(other));
});

test("refused: an unknown committee", () =>
  assertRefused(create({ committee: word(5) }), "PollRegistryUnknownCommittee", [word(5)]));

test("refused: bytes that do not have the digest in the parameters", async () => {
  const args = await creation();
  const otherRule = ruleBytes(singleChoice(4));
  for (const [position, field, bytes, digest] of [
    [2, "rule", otherRule, tagged("rule", otherRule)],
    [3, "outcomeRule", "0x01", tagged("outcome", "0x01")],
    [4, "description", "0x7b7d", keccak256("0x7b7d")],
  ]) {
    await assertRefused(send(args.with(position, bytes)), "PollRegistryDigestDiffers", [
      field,
      args[0][field],
      digest,
    ]);
  }
});

test("description: 1 to 65536 bytes", async () => {
  await assertRefused(create({ description: "0x" }), "PollRegistryInvalidParameter", [
    "description",
  ]);
  await create({ description: "0x20" });
  await create({ description: concat(range(65536).map(() => "0x20")) });
  await assertRefused(
    create({ description: concat(range(65537).map(() => "0x20")) }),
    "PollRegistryInvalidParameter",
    ["description"],
  );
});

test("refused: rules and outcome rules that are not valid", async () => {
  await assertRefused(create({ rule: "0x" }), "BallotRuleTruncated", [0]);
  const trailing = concat([ruleBytes(singleChoice(3)), "0x00"]);
  await assertRefused(create({ rule: trailing }), "BallotRuleTrailingBytes", [1]);
  await assertRefused(create({ outcomeRule: "0x09" }), "OutcomeUnknownKind", [9]);
  await assertRefused(create({ outcomeRule: "0x" }), "OutcomeMalformed", [0]);
  for (const slots of [2, 4]) {
    const outcomeRule = greedyBytes({ budget: 5, costs: range(slots).map(() => 1) });
    await assertRefused(create({ outcomeRule }), "OutcomeSlotsDiffer", [slots, 3]);
  }
});

test("a parameter at its bound is accepted, one beyond it refused by its name", async () => {
  const now = BigInt(await state.registry.chain.now());
  const later = now + 5000n;
  const farthest = 2n ** 40n;
  for (const [name, good, bad] of [
    [
      "voters",
      [
        { voters: 2 ** 32 - 1, totalWeight: 2n ** 32n },
        { voters: 1, minimumBallots: 1 },
      ],
      [{ voters: 0 }],
    ],
    ["totalWeight", [{ totalWeight: 10n }], [{ totalWeight: 9n }, { totalWeight: 0n }]],
    [
      "closesAt",
      [{ closesAt: farthest }],
      [
        { closesAt: now },
        { closesAt: 0n },
        { closesAt: farthest + 1n },
        { closesAt: 2n ** 64n - 1n },
      ],
    ],
    [
      "opensAt",
      [
        { closesAt: later, opensAt: later - 1n },
        { closesAt: later, opensAt: 0n },
      ],
      [
        { closesAt: later, opensAt: later },
        { closesAt: later, opensAt: 2n ** 64n - 1n },
      ],
    ],
    ["roundDuration", [{ roundDuration: 1 }], [{ roundDuration: 0 }]],
    [
      "maxRounds",
      [{ maxRounds: 1 }, { maxRounds: 2 ** 20, roundDuration: 2 ** 20 }],
      [
        { maxRounds: 0 },
        { maxRounds: 2 ** 20 + 1, roundDuration: 2 ** 20 },
        { maxRounds: 2 ** 32 - 1, roundDuration: 2 ** 32 - 1 },
      ],
    ],
    [
      "disputeWindow",
      [{ disputeWindow: 1 }, { disputeWindow: 2 ** 32 - 1 }],
      [{ disputeWindow: 0 }],
    ],
    ["tallyPeriod", [{ tallyPeriod: 1 }, { tallyPeriod: 2 ** 32 - 1 }], [{ tallyPeriod: 0 }]],
    [
      "minimumBallots",
      [{ minimumBallots: 1 }, { minimumBallots: 10 }],
      [{ minimumBallots: 0 }, { minimumBallots: 11 }],
    ],
  ]) {
    for (const changes of good) await create(changes);
    for (const changes of bad) {
      await assertRefused(create(changes), "PollRegistryInvalidParameter", [name]);
    }
  }
});

test("the census root is that of its hash, voters and total weight, and of nothing else", async () => {
  const args = await creation();
  for (const changes of [{ voters: 11 }, { totalWeight: 31n }, { censusRoot: word(77) }]) {
    const changed = args.with(0, { ...args[0], ...changes });
    const { totalWeight, voters } = changed[0];
    await assertRefused(send(changed), "PollRegistryDigestDiffers", [
      "censusRoot",
      changed[0].censusRoot,
      censusRoot(word(77), totalWeight, voters),
    ]);
  }
  await assertRefused(send(args.with(1, word(78))), "PollRegistryDigestDiffers");
  await send(args);
});

test("refused: what no release knows yet", async () => {
  for (const [name, values] of [
    ["counting", [2, 255]],
    ["casting", [1, 255]],
    ["identity", [1, 255]],
    ["responseTime", [1]],
    ["maxDisputeDelay", [1]],
    ["extension", [word(1)]],
  ]) {
    for (const value of values) {
      await assertRefused(create({ [name]: value }), "PollRegistryInvalidParameter", [name]);
    }
  }
});

test("a shuffled poll: its committee can shuffle, and each bound is refused by its name", async () => {
  const shuffled = { counting: 1, openMinimum: 5, shufflePeriod: 450 };
  await assertRefused(create(shuffled), "CommitteeCannotShuffle", [5, 3, 1]);
  const large = await state.registry.register({ n: 8, t: 2, f: 1, first: 100 });
  await assertRefused(state.registry.create(large, shuffled), "CommitteeCannotShuffle", [8, 2, 1]);
  const able = await state.registry.register({ n: 5, t: 2, f: 1 });
  const refuse = (name, changes) =>
    assertRefused(
      state.registry.create(able, { ...shuffled, ...changes }),
      "PollRegistryInvalidParameter",
      [name],
    );
  for (const changes of [{}, { openMinimum: 10 }, { shufflePeriod: 1 }]) {
    await state.registry.create(able, { ...shuffled, ...changes });
  }
  for (const openMinimum of [0, 4, 11]) await refuse("openMinimum", { openMinimum });
  for (const shufflePeriod of [0, 451, 2 ** 32 - 1])
    await refuse("shufflePeriod", { shufflePeriod });
  await refuse("shufflePeriod", { tallyPeriod: 1, shufflePeriod: 1 });
  // Equal weights add up to a multiple of the voters. More no contract sees.
  await refuse("totalWeight", { totalWeight: 31n });
  // A summed poll has neither.
  await refuse("openMinimum", { counting: 0, shufflePeriod: 0 });
  await refuse("shufflePeriod", { counting: 0, openMinimum: 0 });
});

test("no window and no period is shorter than the registry's floor", async () => {
  const registry = await deployRegistry({}, { periodFloor: 3600 });
  assert.equal(await registry.contract.call("periodFloor"), 3600);
  const committee = await registry.register();
  const periods = { disputeWindow: 3600, tallyPeriod: 3600 };
  await registry.create(committee, periods);
  for (const name of Object.keys(periods)) {
    await assertRefused(
      registry.create(committee, { ...periods, [name]: 3599 }),
      "PollRegistryInvalidParameter",
      [name],
    );
  }
  // A floor of zero does not make windows of zero.
  const low = await deployRegistry({}, { periodFloor: 0 });
  const nodes = await low.register();
  for (const name of Object.keys(periods)) {
    await low.create(nodes, { [name]: 1 });
    await assertRefused(low.create(nodes, { [name]: 0 }), "PollRegistryInvalidParameter", [name]);
  }
});

test("closing at the very second of the block is refused, one later accepted", async () => {
  const second = (await state.registry.chain.now()) + 50;
  const times = { opensAt: 1n, closesAt: BigInt(second) };
  await state.registry.chain.nextTime(second);
  await assertRefused(create(times), "PollRegistryInvalidParameter", ["closesAt"]);
  const args = await creation({ ...times, closesAt: BigInt(second + 101) });
  await state.registry.chain.nextTime(second + 100);
  await send(args);
});

test("rule: at most 98304 bytes, so that an answer to a dispute fits into a transaction", async () => {
  const terms = range(4).map((bit) => [bit, 1]);
  const row = { terms, constant: 1 };
  const head = { bits: 4, slots: [[[0, 1]]] };
  const short = { terms: terms.slice(0, 2), constant: 1 };
  // 8 + 20 + 1091 · 90 + 54 = 98272 bytes; a row of one term has 36 more.
  const rows = [...range(1091).map(() => row), short];
  await create({ rule: ruleBytes({ ...head, rows }) });
  const long = ruleBytes({ ...head, rows: [...rows, { terms: terms.slice(0, 1), constant: 1 }] });
  await assertRefused(create({ rule: long }), "PollRegistryInvalidParameter", ["rule"]);
});

test("total weight times largest slot value stays below 2^200", async () => {
  // One slot of the largest value 2^100: a weight of 2^100 − 1 is the last that fits.
  const rule = ruleBytes({ bits: 1, slots: [[[0, 2n ** 100n]]] });
  const poll = await create({ rule, totalWeight: 2n ** 100n - 1n });
  assert.equal((await poll.view()).maxSlotValue, 2n ** 100n);
  await assertRefused(create({ rule, totalWeight: 2n ** 100n }), "PollRegistryInvalidParameter", [
    "totalWeight",
  ]);
  // 2^200 − 1 = 3 · 5 · …, so that the product meets the bound from below exactly.
  const odd = ruleBytes({ bits: 1, slots: [[[0, 2n ** 100n + 1n]]] });
  await create({ rule: odd, totalWeight: 2n ** 100n - 1n });
  await assertRefused(
    create({ rule: odd, totalWeight: 2n ** 100n }),
    "PollRegistryInvalidParameter",
  );
  // The largest slot value there is, 320 · (2^127 − 1), is stored in full.
  const largest = 2n ** 127n - 1n;
  const wide = ruleBytes({ bits: 320, slots: [range(320).map((bit) => [bit, largest])] });
  const heavy = await create({ rule: wide });
  assert.equal((await heavy.view()).maxSlotValue, 320n * largest);
  await assertRefused(
    create({ rule: wide, totalWeight: 2n ** 128n - 1n }),
    "PollRegistryInvalidParameter",
    ["totalWeight"],
  );
});

test("an unknown poll reads as none", async () => {
  await create({ description: DESCRIPTION });
  for (const id of [0n, 2n, 2n ** 256n - 1n]) {
    assert.equal(await state.registry.contract.call("status", [id]), Status.None);
    const seen = await state.registry.contract.call("poll", [id]);
    assert.equal(seen.status, Status.None);
    assert.equal(seen.pollContext, word(0));
  }
});

test("words of the parameters are those of the ABI encoding", async () => {
  const [parameters] = await creation();
  const { inputs } = state.registry.contract.abi.find(({ name }) => name === "createPoll");
  const words = Object.values(parameters).map((value) => word(BigInt(value)));
  assert.equal(encodeAbiParameters([inputs[0]], [parameters]), concat(words));
});
