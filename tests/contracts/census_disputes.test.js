/** Disputes about the census of a token: docs/protocol.md §18.9. */
import assert from "node:assert/strict";
import { afterEach, before, beforeEach, test } from "node:test";
import { getAddress, numberToHex, zeroAddress } from "viem";
import { Census, PADDING } from "./support/census.js";
import { State, isolatedCensus } from "./support/census_disputes.js";
import { assertRefused } from "./support/chain.js";
import { stranger, voter } from "./support/disputes.js";
import { range } from "./support/encodings.js";
import {
  CHALLENGE_BOND,
  MAX_DELAY,
  POST_BOND,
  RESPONSE_TIME,
  VOTES,
  WINDOW,
  Weights,
  content,
  placed,
  rightCensus,
} from "./support/governor.js";
import { word } from "./support/registry.js";

const Ground = Object.freeze({
  Entry: 0,
  Missing: 1,
  Order: 2,
  Sum: 3,
  Padding: 4,
  Unanswered: 5,
});
const state = isolatedCensus({ before, beforeEach, afterEach });
const { balance, later, post, view, send, challenge } = state;
let chain, token, disputes, source, right, poster, watcher;
beforeEach(() => ({ chain, token, disputes, source, right, poster, watcher } = state));

/** The census falls for this reason; half of the bond goes to the watcher, half is burned. */
async function assertFalls(posted, ground, name, ...args) {
  const snapshot = await chain.snapshot();
  const { events } = await send(name, posted, ...args);
  const fell = events.find(({ eventName }) => eventName === "CensusFell").args;
  assert.equal(fell.ground, ground);
  assert.equal(fell.paid + fell.burned, POST_BOND);
  assert.equal((await view(posted)).state, State.Fallen);
  assert.equal(await balance(watcher), POST_BOND / 2n);
  assert.equal(await balance(poster), 0n);
  await later(WINDOW);
  assert.equal(await disputes.call("isFinal", [posted]), false);
  await assertRefused(disputes.send("releaseBond", [posted.id]), "CensusDisputesNotStanding");
  await assertRefused(send(name, posted, ...args), "CensusDisputesNotStanding");
  await chain.restore(snapshot);
}

/** Proofs about every entry, pair, node and neighbourhood of a census. */
function* proofs(census) {
  const leaves = range(census.voters);
  for (const index of leaves) yield ["proveEntry", placed(census, index)];
  for (const index of leaves.slice(1)) {
    yield ["proveOrder", [placed(census, index - 1), placed(census, index)]];
  }
  for (const [height, level] of census.levels.entries()) {
    for (const [index, node] of level.entries()) {
      const siblings = census.siblings(index, height);
      if (height > 0) {
        const [left, right] = [0, 1].map((side) => census.levels[height - 1][2 * index + side]);
        yield ["proveSum", height, index, node.sum, left, right, siblings];
      }
      yield ["provePadding", height, index, node, siblings];
    }
  }
}

test("a right census stands, and its poster gets the bond back", async () => {
  const posted = await post(right);
  assert.deepEqual(
    right.entries.map(({ weight }) => weight).toSorted((a, b) => Number(a - b)),
    [4n, 5n, 9n, 12n, 30n, 70n],
  );
  await assertRefused(disputes.send("releaseBond", [posted.id]), "CensusDisputesNotFinal");
  const { until } = await view(posted);
  await chain.setTime(until - 1);
  assert.equal(await disputes.call("isFinal", [posted]), false);
  await chain.setTime(until);
  assert.equal(await disputes.call("isFinal", [posted]), true);
  await disputes.send("releaseBond", [posted.id], watcher);
  assert.equal((await view(posted)).state, State.Released);
  assert.equal(await disputes.call("isFinal", [posted]), true);
  await assertRefused(disputes.send("releaseBond", [posted.id]), "CensusDisputesNotStanding");
  assert.equal(await balance(poster), POST_BOND);
  await disputes.send("withdraw", [], poster);
  assert.equal(await balance(poster), 0n);
  await assertRefused(disputes.send("withdraw", [], poster), "CensusDisputesNothingToWithdraw");
});

test("a poster that takes no money keeps its claim", async () => {
  // A contract without a receive function, here the token.
  poster = getAddress(token.address);
  const { request } = chain.provider;
  const run = (method, ...params) => request.call(chain.provider, { method, params });
  await run("hardhat_impersonateAccount", poster);
  await run("hardhat_setBalance", poster, numberToHex(2n * POST_BOND));
  const args = [source, content(right)];
  const { events } = await disputes.send("post", args, poster, POST_BOND);
  await later(WINDOW);
  await disputes.send("releaseBond", [events[0].args.id]);
  await assertRefused(disputes.send("withdraw", [], poster), "CensusDisputesTransferFailed", [
    poster,
  ]);
  assert.equal(await balance(poster), POST_BOND);
});

test("nothing of a right census can be shown false", async () => {
  const posted = await post(right);
  for (const [name, ...args] of proofs(right)) {
    const isBelowEmpty =
      name === "provePadding" && right.levels[args[0] + 1]?.[args[1] >> 1].hash === PADDING.hash;
    const isOfEmpty = name === "proveSum" && right.levels[args[0]][args[1]].hash === PADDING.hash;
    await assertRefused(
      send(name, posted, ...args),
      isBelowEmpty || isOfEmpty ? "CensusDisputesWrongPath" : "CensusDisputesNothingFalse",
    );
  }
  const all = range(right.voters).map((index) => placed(right, index));
  for (const [index, { entry }] of all.entries()) {
    const neighbours = all.slice(Math.max(index - 1, 0), index + 1);
    // An account of the census is between no two neighbours.
    await assertRefused(
      send("proveMissing", posted, entry.account, neighbours),
      "CensusDisputesNotNeighbours",
    );
  }
  for (const account of [voter(3).address, stranger.address, zeroAddress]) {
    const position = all.filter(({ entry }) => BigInt(entry.account) < BigInt(account)).length;
    const neighbours = all.slice(Math.max(position - 1, 0), position + 1);
    // One has fewer votes than a unit, one had none yet, and one is nobody.
    await assertRefused(
      send("proveMissing", posted, account, neighbours),
      "CensusDisputesNothingFalse",
    );
  }
});

test("a wrong weight, another's key and a void entry are shown at once", async () => {
  const [first, second, ...others] = right.entries;
  const cases = {
    "more weight": { ...second, weight: second.weight + 1n },
    "less weight": { ...second, weight: second.weight - 1n },
    "no weight": { ...second, weight: 0n },
    "somebody else's key": { ...second, signingKey: stranger.address },
    "no key": { ...second, signingKey: zeroAddress },
    "an account without votes": {
      ...second,
      account: stranger.address,
      signingKey: stranger.address,
    },
    "no account": { account: zeroAddress, signingKey: zeroAddress, weight: 3n },
  };
  for (const entry of Object.values(cases)) {
    const census = new Census([first, entry, ...others], { sorted: false });
    const posted = await post(census);
    await assertFalls(posted, Ground.Entry, "proveEntry", placed(census, 1));
  }
});

test("with equal weights everybody who has a unit has weight 1", async () => {
  const equal = { ...source, weights: Weights.Equal };
  const census = await rightCensus(token, equal);
  assert.equal(census.totalWeight, 6n);
  const posted = await post(census, { of: equal });
  for (const index of range(6)) {
    await assertRefused(
      send("proveEntry", posted, placed(census, index)),
      "CensusDisputesNothingFalse",
    );
  }
  // The same entries are false for a source that counts votes, and the other way round.
  const other = await post(census);
  await assertFalls(other, Ground.Entry, "proveEntry", placed(census, 0));
  const weighted = await post(right, { of: equal });
  await assertFalls(weighted, Ground.Entry, "proveEntry", placed(right, 0));
});

test("a missing account is shown by its neighbours, at every place", async () => {
  for (const left of range(right.voters)) {
    const { account } = right.entries[left];
    const census = new Census(right.entries.filter((_, index) => index !== left));
    const posted = await post(census);
    const around = [left - 1, left].filter((index) => index >= 0 && index < census.voters);
    const neighbours = around.map((index) => placed(census, index));
    await assertFalls(posted, Ground.Missing, "proveMissing", account, neighbours);
    // These are not the neighbours between which it would be.
    const wrong = [
      [],
      neighbours.toReversed(),
      [placed(census, 2)],
      [placed(census, 0), placed(census, 2)],
      [...neighbours, placed(census, 4)],
    ].filter((list) => JSON.stringify(list, text) !== JSON.stringify(neighbours, text));
    for (const list of wrong) {
      if (list.length === 1 && neighbours.length === 1) continue;
      await assertRefused(
        send("proveMissing", posted, account, list),
        "CensusDisputesNotNeighbours",
      );
    }
  }
});

const text = (_, value) => (typeof value === "bigint" ? String(value) : value);

test("a single voter stands for both ends", async () => {
  const lone = new Census([right.entries[2]]);
  const posted = await post(lone);
  for (const { account } of [right.entries[0], right.entries[5]]) {
    await assertFalls(posted, Ground.Missing, "proveMissing", account, [placed(lone, 0)]);
  }
});

test("entries out of order, and an entry twice, are shown at once", async () => {
  const [first, second, third, ...others] = right.entries;
  for (const list of [
    [second, first, third, ...others],
    [first, second, second, third, ...others],
  ]) {
    const census = new Census(list, { sorted: false });
    const posted = await post(census);
    const index = list[0] === second ? 0 : 1;
    const pair = [index, index + 1].map((place) => placed(census, place));
    await assertFalls(posted, Ground.Order, "proveOrder", pair);
    await assertRefused(
      send("proveOrder", posted, [pair[0], pair[0]]),
      "CensusDisputesNotNeighbours",
    );
  }
});

test("a false sum is shown at every height, from the top down", async () => {
  const depth = right.levels.length - 1;
  for (const [height, index] of [
    [1, 0],
    [1, 2],
    [2, 1],
    [depth, 0],
  ]) {
    const spoil = (node, h, i) =>
      h === height && i === index ? { ...node, sum: node.sum + 1000n } : node;
    const census = new Census(right.entries, { spoil });
    const posted = await post(census);
    const node = census.levels[height][index];
    const [left, right_] = [0, 1].map((side) => census.levels[height - 1][2 * index + side]);
    const siblings = census.siblings(index, height);
    await assertFalls(
      posted,
      Ground.Sum,
      "proveSum",
      height,
      index,
      node.sum,
      left,
      right_,
      siblings,
    );
    // Whoever cannot show entries below it can show the sum itself.
    await assertRefused(
      send("proveEntry", posted, placed(census, 2 ** height * index)),
      "CensusDisputesWrongPath",
    );
  }
});

test("sums that wrap are sums that do not add up", async () => {
  const most = 2n ** 128n - 1n;
  const huge = right.entries.map((entry) => ({ ...entry, weight: most }));
  const spoil = (node) => ({ ...node, sum: node.sum & most });
  const census = new Census(huge, { spoil });
  const posted = await post(census);
  const top = census.levels.length - 1;
  const [left, right_] = census.levels[top - 1];
  const sum = census.totalWeight;
  await assertFalls(posted, Ground.Sum, "proveSum", top, 0, sum, left, right_, []);
});

test("padding that counts, and a hole in the count, are shown at once", async () => {
  const cases = [
    [0, 5, { ...PADDING, sum: 5n }],
    [0, 5, { ...PADDING, hash: word(5) }],
    [1, 3, { ...PADDING, sum: 5n }],
    [0, 3, PADDING],
    [1, 1, PADDING],
  ];
  for (const [height, index, node] of cases) {
    const spoil = (real, h, i) => (h === height && i === index ? node : real);
    const census = new Census(right.entries.slice(0, 5), { spoil });
    const posted = await post(census);
    const siblings = census.siblings(index, height);
    await assertFalls(posted, Ground.Padding, "provePadding", height, index, node, siblings);
  }
});

test("places that the tree does not have prove nothing", async () => {
  const posted = await post(right);
  const good = placed(right, 1);
  const cases = [
    { ...good, index: 2 },
    { ...good, index: 6 },
    { ...good, index: 9 },
    { ...good, siblings: good.siblings.slice(1) },
    { ...good, siblings: [...good.siblings, PADDING] },
    { ...good, entry: { ...good.entry, weight: good.entry.weight + 1n } },
  ];
  for (const place of cases) {
    await assertRefused(send("proveEntry", posted, place), "CensusDisputesWrongPath");
  }
  // A real node under the number of a place beyond the tree, where only padding could be.
  const depth = right.levels.length - 1;
  for (const [height, level] of right.levels.entries()) {
    const beyond = 2 ** (depth - height);
    const siblings = right.siblings(0, height);
    await assertRefused(
      send("provePadding", posted, height, beyond, level[0], siblings),
      "CensusDisputesWrongPath",
    );
  }
  await assertRefused(
    send("provePadding", posted, depth + 1, 0, PADDING, []),
    "CensusDisputesWrongPath",
  );
  await assertRefused(
    send("proveSum", posted, 0, 0, 1n, PADDING, PADDING, right.siblings(0)),
    "CensusDisputesWrongPath",
  );
});

test("what a dispute names must be what was posted", async () => {
  const posted = await post(right);
  const place = placed(right, 0);
  for (const changed of [
    { ...posted, source: { ...source, unit: 1n } },
    { ...posted, source: { ...source, timepoint: source.timepoint - 1n } },
    { ...posted, source: { ...source, weights: Weights.Equal } },
    { ...posted, source: { ...source, token: disputes.address } },
    { ...posted, census: { ...posted.census, count: 7 } },
    { ...posted, census: { ...posted.census, totalWeight: 1n } },
  ]) {
    await assertRefused(send("proveEntry", changed, place), "CensusDisputesOtherContent");
    assert.equal(await disputes.call("isFinal", [changed]), false);
  }
  await assertRefused(
    send("proveEntry", { ...posted, id: 2n }, place),
    "CensusDisputesNotStanding",
    [2n, 0],
  );
});

test("a post that could not be right is refused", async () => {
  const attempt = (of, census, value = POST_BOND) =>
    disputes.send("post", [of, census], poster, value);
  const good = content(right);
  for (const value of [0n, POST_BOND - 1n, POST_BOND + 1n]) {
    await assertRefused(attempt(source, good, value), "CensusDisputesWrongBond", [
      value,
      POST_BOND,
    ]);
  }
  await assertRefused(attempt({ ...source, unit: 0n }, good), "CensusDisputesInvalidParameter", [
    "unit",
  ]);
  await assertRefused(attempt(source, { ...good, count: 0 }), "CensusDisputesInvalidParameter", [
    "count",
  ]);
  const huge = await chain.deploy("TestToken", ["Votes", "VOTE", 2n ** 128n]);
  const timepoint = await chain.client.getBlockNumber();
  await assertRefused(
    attempt({ ...source, token: huge.address, timepoint, unit: 1n }, good),
    "CensusDisputesInvalidParameter",
    ["unit"],
  );
  const future = { ...source, timepoint: (await chain.client.getBlockNumber()) + 100n };
  await assert.rejects(attempt(future, good));
  assert.equal(VOTES.length, right.voters + 1);
});

test("a contract of disputes needs time and bonds", async () => {
  const good = [POST_BOND, CHALLENGE_BOND, WINDOW, RESPONSE_TIME, MAX_DELAY];
  for (const [place, value] of [
    [0, 0n],
    [1, 0n],
    [2, RESPONSE_TIME - 1],
    [3, 0],
    [4, MAX_DELAY - 1],
  ]) {
    const args = good.with(place, value);
    await assert.rejects(chain.deploy("CensusDisputes", args));
  }
  await chain.deploy("CensusDisputes", good);
});
