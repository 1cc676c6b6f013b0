/** Weight classes, and their rules in descriptions. */

import { describe, expect, test } from "vitest";

import type { Json, JsonObject } from "../../web/src/protocol/json.ts";
import { readSource } from "../../web/src/protocol/snapshot.ts";
import { type ClassRule, weightClasses } from "../../web/src/protocol/weight_classes.ts";
import { ERRORS, type Expected, strictVectors, vectors } from "./support/vectors.ts";

interface Weights {
  name: string;
  weights: string[];
  rule: number | "powers_of_two" | "equal";
}

interface Made {
  value: string;
  voters: number;
  lowest: string;
  highest: string;
}

function classesOf({ weights, rule }: Weights): Made[] {
  const read: ClassRule = typeof rule === "number" ? BigInt(rule) : rule;
  return weightClasses(weights.map(BigInt), read).map((one) => ({
    value: String(one.value),
    voters: Number(one.voters),
    lowest: String(one.lowest),
    highest: String(one.highest),
  }));
}

/** The sources of a list, read as the protocol reads JSON. */
function sourcesOf(list: string): { name: string; source: Json; expect: Expected }[] {
  const cases = (strictVectors("weight_classes") as JsonObject).get(list) as readonly JsonObject[];
  return cases.map((one) => ({
    name: one.get("name") as string,
    source: one.get("source")!,
    expect: (one.get("expect") ?? "Malformed") as Expected,
  }));
}

describe("weight_classes.json", () => {
  const given = vectors<{
    cases: (Weights & { classes: Made[] })[];
    refused: (Weights & { expect: Expected })[];
  }>("weight_classes");

  test.each(given.cases)("$name", (one) => {
    expect(classesOf(one)).toEqual(one.classes);
  });

  test.each(given.refused)("refused: $name", (one) => {
    expect(() => classesOf(one)).toThrow(ERRORS[one.expect]);
  });

  test.each(sourcesOf("sources"))("source: $name", ({ source }) => {
    const written = (source as JsonObject).get("classes");
    expect(readSource(source).classes).toEqual(written);
  });

  test.each(sourcesOf("refused_sources"))(
    "refused source: $name",
    ({ source, expect: expected }) => {
      expect(() => readSource(source)).toThrow(ERRORS[expected]);
      expect(() => readSource(source)).toThrow("classes");
    },
  );
});
