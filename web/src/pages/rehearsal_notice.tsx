/** Mark of a poll that only rehearses another vote. */

import { t } from "../messages/index.ts";
import { fromUtf8 } from "../protocol/encoding.ts";
import { Notice } from "../view/notice.tsx";

/** A warning at the top of a rehearsal's pages; nothing for any other poll. */
export function RehearsalNotice({ description }: { description: Uint8Array }) {
  const content: unknown = JSON.parse(fromUtf8(description, "description"));
  const marked =
    typeof content === "object" && content && "rehearsal" in content && content.rehearsal === true;
  return marked ? <Notice tone="warn" still title={t("poll.rehearsal")} /> : null;
}
