/** Numbers with their nouns, in the singular or plural that English requires. */

/** A number with its noun, as in "1 voter" and "3 voters". */
export function counted(count: number | bigint, one: string, several: string): string {
  return `${count} ${BigInt(count) === 1n ? one : several}`;
}
