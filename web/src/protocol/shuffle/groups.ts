/**
 * Which committees may shuffle, and which groups of nodes hide who cast a ballot.
 *
 * A step hides its permutation from everybody outside its group. Fewer than `t` bad nodes therefore
 * learn nothing about the whole permutation if one group has none of them: the groups must *cover*.
 *
 * Source: docs/protocol.md §19.1, §19.3. Vectors: tests/vectors/shuffle.json.
 */

/** More nodes have so many groups that nobody could wait for all of them to be tried. */
export const MAX_SHUFFLING_NODES = 7;

/** Indices of `t` nodes, from 1, strictly increasing. */
export type Group = readonly number[];

/** Whether a committee that obeys §3.2 may shuffle ballots. */
export function mayShuffle(nodes: number, threshold: number, faults: number): boolean {
  return nodes <= MAX_SHUFFLING_NODES && nodes - faults >= 2 * threshold - 1;
}

/** Whether these are `t` nodes of the committee in strictly increasing order. */
export function isGroup(nodes: number, threshold: number, group: Group): boolean {
  const inOrder = group.every((node, place) => node > (group[place - 1] ?? 0) && node <= nodes);
  return group.length === threshold && inOrder;
}

/** The sets of `t − 1` nodes that are disjoint from none of the groups, ascending. */
export function uncovered(nodes: number, threshold: number, groups: readonly Group[]): Group[] {
  return subsets(nodes, threshold - 1).filter((bad) => {
    return groups.every((group) => group.some((node) => bad.includes(node)));
  });
}

/** All sets of `size` nodes, ascending. */
function subsets(nodes: number, size: number, after = 0): Group[] {
  if (!size) return [[]];
  const found: Group[] = [];
  for (let first = after + 1; first <= nodes - size + 1; first++) {
    for (const rest of subsets(nodes, size - 1, first)) found.push([first, ...rest]);
  }
  return found;
}
