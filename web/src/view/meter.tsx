/** How much of something is used, as a bar and in words; told again whenever it changes. */

export function Meter({
  label,
  value,
  most,
  says,
}: {
  label: string;
  value: bigint;
  most: bigint;
  says: string;
}) {
  const over = value > most;
  const filled = most > 0n ? Number((value * 1000n) / most) / 10 : 0;
  return (
    <div class={over ? "meter over" : "meter"}>
      <span>{label}</span> <output>{says}</output>
      <div class="bar" aria-hidden="true">
        <div style={{ width: `${Math.min(100, Math.max(0, filled))}%` }} />
      </div>
    </div>
  );
}
