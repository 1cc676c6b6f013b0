/** A hash or an address, shortened for reading, with a button that copies the whole. */

import { Check, Copy } from "lucide";
import { useEffect, useState } from "preact/hooks";

import { short, t } from "../messages/index.ts";
import { Icon } from "./icon.tsx";

const SHOWN_MS = 2000;

/** `name` says what is copied, as in "Copy: root of the ballots". */
export function CopyHash({
  value,
  name,
  whole = false,
}: {
  value: string;
  name: string;
  whole?: boolean;
}) {
  const [state, setState] = useState<"ready" | "done" | "failed">("ready");
  useEffect(() => {
    if (state === "ready") return undefined;
    const timer = setTimeout(() => {
      setState("ready");
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [state]);
  const copy = () => {
    // Browsers give pages without TLS no clipboard.
    const clipboard = (navigator as Partial<Navigator>).clipboard;
    if (!clipboard) setState("failed");
    else {
      clipboard.writeText(value).then(
        () => {
          setState("done");
        },
        () => {
          setState("failed");
        },
      );
    }
  };
  const all = whole || state === "failed";
  return (
    <span class="copy">
      <code class={all ? "digest" : "digest short"} title={value}>
        {all ? value : short(value)}
      </code>
      <button
        type="button"
        title={t("copy.button", { name })}
        aria-label={t("copy.button", { name })}
        onClick={copy}
      >
        <Icon of={state === "done" ? Check : Copy} />
      </button>
      <output class="heard">
        {state === "done" ? t("copy.done") : state === "failed" ? t("copy.failed") : ""}
      </output>
    </span>
  );
}
