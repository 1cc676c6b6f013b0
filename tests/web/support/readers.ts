/**
 * The client's readers of a gateway's and a node's answers, for tests that compare them with the
 * API.
 */

import { nodeReceipt } from "../../../web/src/client/casting.ts";
import * as organizing from "../../../web/src/client/organizing.ts";
import { problem } from "../../../web/src/client/problem.ts";
import type { Shape } from "../../../web/src/client/shape.ts";
import * as views from "../../../web/src/client/views.ts";

const READERS = new Map<string, Shape<unknown>>(
  Object.entries({ views, organizing, casting: { nodeReceipt }, problem: { problem } }).flatMap(
    ([module, exported]) =>
      Object.entries(exported)
        .filter(([, value]) => typeof value === "function" && !/^class\b/.test(String(value)))
        .map(([name, reader]) => [`${module}.${name}`, reader as Shape<unknown>]),
  ),
);

/** Names of all readers. */
export function readers(): string[] {
  return [...READERS.keys()];
}

/**
 * Read an answer and return the members that the reader expects and the answer lacks.
 *
 * @param value JSON of the answer.
 * @throws Malformed: the reader rejects it.
 */
export function read({ name, value }: { name: string; value: string }): string[] {
  const missing = new Set<string>();
  READERS.get(name)!(watched(JSON.parse(value), "", missing), name);
  return [...missing];
}

function watched(value: unknown, at: string, missing: Set<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get: (target, key) => {
      const found: unknown = Reflect.get(target, key);
      if (typeof key === "symbol" || !Object.hasOwn(target, key)) return found;
      return watched(found, Array.isArray(target) ? `${at}[]` : `${at}.${key}`, missing);
    },
    getOwnPropertyDescriptor: (target, key) => {
      const found = Reflect.getOwnPropertyDescriptor(target, key);
      if (!found) missing.add(`${at}.${String(key)}`);
      return found;
    },
  });
}
