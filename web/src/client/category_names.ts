/**
 * Names of a round's categories: the last lines of its text on the chain.
 *
 * Source: docs/protocol.md §17.1; verifier/ostraka_verifier/category_names.py.
 */

const LINE = /^\[([1-9][0-9]{0,2})\] (.+)$/u;

/**
 * A round's text without the names of its categories.
 *
 * @param count Number of names; a text that does not end with as many in order stays whole.
 */
export function withoutNames(text: string, count: number): string {
  const lines = text.split("\n");
  const names = lines.slice(-count).map((line) => LINE.exec(line));
  const all = count > 0 && names.length === count;
  const named = all && names.every((one, place) => one?.[1] === `${place + 1}` && one[2]!.trim());
  return named ? lines.slice(0, -count).join("\n").trimEnd() : text;
}
