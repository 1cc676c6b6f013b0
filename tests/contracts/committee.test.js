/** Committee bounds and digest: docs/protocol.md §3.2, §3.3. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { concat, keccak256, numberToHex, pad, stringToHex } from "viem";
import { Refused, assertRefused, startChain } from "./support/chain.js";
import { range, tagged } from "./support/encodings.js";

let libraries;
before(async () => {
  libraries = await (await startChain()).deploy("Libraries");
});

/** Least `q` at which any two quorums share an honest node and each has `t` honest ones. */
function leastQuorum(n, t, f) {
  if (t < 2 || f > t - 1 || n < t + 2 * f || n < 3 * f + 1) return undefined;
  const q = range(n + 1).find((size) => 2 * size - n > f && size - f >= t);
  return q !== undefined && q <= n - f ? q : undefined;
}

test("every committee of at most 12 nodes is judged as by what a quorum is for", async () => {
  const shapes = range(13).flatMap((n) =>
    range(14).flatMap((t) => range(14).map((f) => [n, t, f])),
  );
  const results = await libraries.callAll("quorum", shapes);
  let accepted = 0;
  results.forEach((result, index) => {
    const expected = leastQuorum(...shapes[index]);
    const seen = result instanceof Refused ? undefined : Number(result);
    assert.equal(seen, expected, `(n, t, f) = (${shapes[index]})`);
    if (seen !== undefined) accepted++;
  });
  assert.ok(accepted > 50);
});

for (const [n, t, f, q] of [
  [3, 2, 0, 2],
  [4, 2, 1, 3],
  [5, 3, 1, 4],
  [7, 3, 2, 5],
  [64, 22, 21, 43],
  [64, 64, 0, 64],
]) {
  test(`(${n}, ${t}, ${f}) has quorum ${q}`, async () => {
    assert.equal(await libraries.call("quorum", [n, t, f]), BigInt(q));
  });
}

for (const [name, shape, reason, values] of [
  ["65 nodes", [65, 22, 21], "CommitteeTooLarge", [65]],
  ["no node", [0, 2, 0], "CommitteeTooSmall", [0, 2, 0]],
  ["a threshold of 0", [3, 0, 0], "CommitteeThresholdTooSmall", [0]],
  ["a threshold of 1", [3, 1, 0], "CommitteeThresholdTooSmall", [1]],
  ["as many faults as the threshold", [9, 2, 2], "CommitteeTooManyFaults", [2, 2]],
  ["a threshold above the nodes", [3, 4, 0], "CommitteeTooSmall", [3, 4, 0]],
  ["n = t + 2f − 1", [6, 5, 1], "CommitteeTooSmall", [6, 5, 1]],
  ["n = 3f", [6, 3, 2], "CommitteeTooSmall", [6, 3, 2]],
  ["255, 255", [64, 255, 254], "CommitteeTooSmall", [64, 255, 254]],
]) {
  test(`refused: ${name}`, () => assertRefused(libraries.call("quorum", shape), reason, values));
}

test("digest is that of the specification, node order and every byte of a URL included", async () => {
  const nodes = range(5).map((index) => pad(numberToHex(index + 7), { size: 20 }));
  const urls = range(5).map((index) => `https://node-${index}.example/${"x".repeat(50 * index)}`);
  const word = (value) => numberToHex(value, { size: 32 });
  const digest = (ns, us) =>
    tagged(
      "committee",
      ...[5, 3, 1, 4].map(word),
      ...ns.map((node, index) => concat([pad(node), keccak256(stringToHex(us[index]))])),
    );
  const ofContract = (ns, us) => libraries.call("committeeDigest", [ns, us, 3, 1, 4]);
  assert.equal(await ofContract(nodes, urls), digest(nodes, urls));
  const swapped = [nodes[1], nodes[0], ...nodes.slice(2)];
  assert.equal(await ofContract(swapped, urls), digest(swapped, urls));
  const changed = [...urls.slice(0, 4), `${urls[4]}/`];
  assert.equal(await ofContract(nodes, changed), digest(nodes, changed));
  assert.equal(
    new Set([digest(nodes, urls), digest(swapped, urls), digest(nodes, changed)]).size,
    3,
  );
});
