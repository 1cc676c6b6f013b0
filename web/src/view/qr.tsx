/** A text as a QR code, for the camera of another device. */

import { useResource } from "./resource.tsx";

export function QrCode({ text, label }: { text: string; label: string }) {
  // Load the library only when a code is shown.
  const { value } = useResource(async () => (await import("qr")).default(text, "raw"), [text]);
  if (!value) return null;
  const dark = value.flatMap((row, y) => {
    return row.flatMap((set, x) => (set ? [`M${x} ${y}h1v1h-1z`] : []));
  });
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${value.length} ${value.length}`}>
      <path d={dark.join("")} />
    </svg>
  );
}
