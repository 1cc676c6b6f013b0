/** Curve arithmetic, the table of generators, commitments: docs/protocol.md §2.1, §2.7, §2.9. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { concat, numberToHex } from "viem";
import { P, R, add, commit, generator, multiply, negate } from "./support/bn254.js";
import { assertRefused, startChain } from "./support/chain.js";
import { range } from "./support/encodings.js";
import { seeded } from "./support/random.js";

const IDENTITY = [0n, 0n];
let chain, libraries, table;
before(async () => {
  chain = await startChain();
  libraries = await chain.deploy("Libraries");
  table = await chain.deploy("GeneratorTable");
});
const addMultiple = (total, point, scalar) =>
  libraries.call("addMultiple", [total, ...point, scalar]);
const isPoint = (x, y) => libraries.call("isPoint", [x, y]);

test("the table is STOP and 321 points that an independent derivation gives", async () => {
  const word = (value) => numberToHex(value, { size: 32 });
  const expected = concat(["0x00", ...range(321).flatMap((index) => generator(index).map(word))]);
  assert.equal(await chain.client.getCode({ address: table.address }), expected);
});

test("the generators are distinct points with even y, and none is another's negative", async () => {
  const points = range(321).map(generator);
  assert.equal(new Set(points.map(([x]) => x)).size, 321);
  for (const [x, y] of points) {
    assert.equal(y % 2n, 0n);
    assert.ok(await isPoint(x, y));
  }
});

test("nothing can be called on the table", async () => {
  const result = await chain.provider.request({
    method: "eth_call",
    params: [{ to: table.address, data: "0x12345678" }, "latest"],
  });
  assert.equal(result, "0x");
});

test("points are reduced and on the curve, or the identity", async () => {
  const [x, y] = generator(1);
  for (const point of [IDENTITY, [x, y], [x, P - y], [1n, 2n]]) {
    assert.equal(await isPoint(...point), true, `${point}`);
  }
  for (const point of [
    [x + P, y],
    [x, y + P],
    [x + 1n, y],
    [x, y + 1n],
    [0n, P],
    [P, 0n],
    [P, P],
    [0n, 1n],
    [1n, 0n],
    [P - 1n, 0n],
    [2n ** 256n - 1n, 2n ** 256n - 1n],
  ]) {
    assert.equal(await isPoint(...point), false, `${point}`);
  }
});

test("adding a multiple agrees with plain integers", async () => {
  const random = seeded("curve");
  for (const scalar of [0n, 1n, 2n, R - 1n, ...range(12).map(() => random.below(R))]) {
    const point = generator(random.number(321));
    const total = multiply(generator(random.number(321)), random.below(R));
    assert.deepEqual(await addMultiple(total, point, scalar), add(total, multiply(point, scalar)));
  }
});

test("sums meet the identity, their own double and their negative", async () => {
  const point = generator(3);
  assert.deepEqual(await addMultiple(IDENTITY, point, 1n), point);
  assert.deepEqual(await addMultiple(point, point, 1n), add(point, point));
  assert.deepEqual(await addMultiple(negate(point), point, 1n), IDENTITY);
  assert.deepEqual(await addMultiple(point, point, R - 1n), IDENTITY);
  assert.deepEqual(await addMultiple(IDENTITY, IDENTITY, 5n), IDENTITY);
});

test("the precompiles refuse what is no point, and so do we", async () => {
  const [x, y] = generator(1);
  for (const [px, py] of [
    [x, y + 1n],
    [x + P, y],
    [x, y + P],
  ]) {
    await assertRefused(addMultiple(IDENTITY, [px, py], 1n), "Bn254PrecompileFailed", [px, py, 1n]);
  }
  await assertRefused(addMultiple([x, y + 1n], [x, y], 7n), "Bn254PrecompileFailed", [x, y, 7n]);
});

test("commitments agree with plain integers, up to 320 values", async () => {
  const random = seeded("commitments");
  for (const count of [1, 2, 8, 320]) {
    const values = range(count).map(() => random.below(2n ** 16n));
    const blinding = random.below(R);
    assert.deepEqual(
      await libraries.call("commit", [table.address, values, blinding]),
      commit(values, blinding),
    );
  }
});
