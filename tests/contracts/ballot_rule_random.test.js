/** Random ballot rules in Solidity, judged by the definition (docs/protocol.md §5.3). */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Refused, startChain } from "./support/chain.js";
import { range, ruleBytes } from "./support/encodings.js";
import { seeded } from "./support/random.js";

const LARGEST = 2n ** 127n - 1n;
const LEAST = -(2n ** 127n);

let libraries;
before(async () => {
  libraries = await (await startChain()).deploy("Libraries");
});

/** The rule's validity straight from §5.3, over decoded numbers. */
function isValid({ bits, slots, rows, quadraticRows }) {
  const magnitude = (value) => (BigInt(value) < 0n ? -BigInt(value) : BigInt(value));
  const sum = (terms) => terms.reduce((total, [, value]) => total + magnitude(value), 0n);
  const increasing = (list, bound) =>
    list.every((index, place) => index < bound && (place === 0 || list[place - 1] < index));
  const good = (terms) =>
    increasing(
      terms.map(([bit]) => bit),
      bits,
    ) && terms.every(([, value]) => BigInt(value) !== 0n);
  const used = slots.flat().map(([bit]) => bit);
  const bound = 2n ** 128n;
  return (
    bits >= 1 &&
    slots.length >= 1 &&
    bits + quadraticRows.length <= 320 &&
    slots.every((terms) => terms.length > 0 && good(terms)) &&
    slots.flat().every(([, value]) => BigInt(value) > 0n) &&
    new Set(used).size === used.length &&
    rows.every(
      ({ terms, constant }) =>
        terms.length > 0 && good(terms) && sum(terms) + magnitude(constant) < bound,
    ) &&
    quadraticRows.every(
      (row) =>
        row.slots.length > 0 &&
        increasing(row.slots, slots.length) &&
        good(row.terms) &&
        row.slots.reduce((total, slot) => total + sum(slots[slot]) ** 2n, 0n) +
          sum(row.terms) +
          magnitude(row.constant) <
          bound,
    )
  );
}

test("random rules are judged as by the definition", async () => {
  const random = seeded("rules");
  const coefficients = [1n, 1n, 1n, 2n, 3n, 2n ** 63n, LARGEST, -1n, LEAST, 0n];
  const coefficient = (tame) => coefficients[random.number(tame ? 5 : coefficients.length)];
  const draw = () => {
    const tame = random.number(2) === 0;
    const bits = 1 + random.number(6);
    const subset = (bound) => {
      const chosen = range(bound).filter(() => random.number(2) === 0);
      if (!tame && random.number(8) === 0) chosen.push(random.number(bound + 1));
      return chosen;
    };
    const terms = () => subset(bits).map((bit) => [bit, coefficient(tame)]);
    const count = 1 + random.number(bits);
    // Slot j has bit j; the bits beyond belong to some slot or to none.
    const owners = range(bits).map((bit) => (bit < count ? bit : random.number(count + 1)));
    const slots = range(count).map((slot) =>
      tame
        ? range(bits)
            .filter((bit) => owners[bit] === slot)
            .map((bit) => [bit, coefficient(true)])
        : terms(),
    );
    return {
      bits,
      slots,
      rows: range(random.number(3)).map(() => ({ terms: terms(), constant: coefficient(tame) })),
      quadraticRows: range(random.number(3)).map(() => ({
        slots: subset(slots.length),
        terms: terms(),
        constant: coefficient(tame),
      })),
    };
  };
  const rules = range(600).map(draw);
  const results = await libraries.callAll(
    "validateRule",
    rules.map((rule) => [ruleBytes(rule)]),
  );
  let accepted = 0;
  results.forEach((result, index) => {
    const rule = rules[index];
    const description = () =>
      JSON.stringify(rule, (_, value) => (typeof value === "bigint" ? `${value}` : value));
    assert.equal(!(result instanceof Refused), isValid(rule), description());
    if (result instanceof Refused) return;
    accepted++;
    const maxima = rule.slots.map((terms) => terms.reduce((total, [, value]) => total + value, 0n));
    const largest = maxima.reduce((most, value) => (value > most ? value : most));
    assert.deepEqual(result, [rule.slots.length, largest]);
  });
  assert.ok(accepted > 60 && accepted < 540, `${accepted} of ${rules.length} were valid`);
});
