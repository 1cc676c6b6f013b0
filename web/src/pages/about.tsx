/** What is private and what is not, and which client this is. */

import { committees } from "../client/organizing.ts";
import { number, words } from "../messages/index.ts";
import { Page } from "../view/page.tsx";
import { Await, useResource } from "../view/resource.tsx";
import { gateway, readConfig } from "../view/session.ts";

export function AboutPage() {
  const text = words.about;
  const config = useResource(readConfig, []);
  const known = useResource(() => gateway.get("/committees", committees), []);
  // Of the nodes that count here, unless a poll names others.
  const [first] = known.value ?? [];
  return (
    <Page title={text.title}>
      <Privacy
        threshold={first ? number(first.threshold) : "t"}
        nodes={first ? number(first.nodes.length) : "n"}
      />
      <h2>{text.bundle}</h2>
      <p>{text.bundleText}</p>
      <Await resource={config}>
        {({ webBundle }) => (
          <p>
            {text.number}: <code class="digest">{webBundle ?? text.none}</code>
          </p>
        )}
      </Await>
    </Page>
  );
}

/** The promises, in plain words. */
export function Privacy({ threshold, nodes }: { threshold: string; nodes: string }) {
  return (
    <>
      <ul>
        {words.privacy.points(threshold, nodes).map((point) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
      <p>{words.privacy.organizer}</p>
    </>
  );
}
