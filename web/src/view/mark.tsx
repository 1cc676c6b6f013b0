/** Ostraka's mark: a shard with a tick, as in public/icon.svg. */

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <path class="shard" d="M2 5 7 1l7 3v6l-5 5-6-3z" />
      <path class="tick" d="m5 8 2 2 4-4" />
    </svg>
  );
}
