/** Place of the section "Follow" in a page, which loads it where the site sends messages. */

import type { Config } from "../client/views.ts";
import { addAudience } from "../messages/index.ts";
import { Await, useResource } from "../view/resource.tsx";

export interface Followed {
  readonly config: Config;
  /** `round-` or `poll-` with its number, or `proposal-` with its id. */
  readonly subject: string;
  /** Path of the round or poll whose dates its calendar has. */
  readonly dates: string;
  /** Path of the round whose feed is offered; "" for the feed of the whole site. */
  readonly news: string;
}

export function Following(followed: Followed) {
  return followed.config.channels.length ? <Loaded {...followed} /> : null;
}

function Loaded(followed: Followed) {
  const section = useResource(async () => {
    const [{ Follow }] = await Promise.all([import("./follow.tsx"), addAudience("follow")]);
    return { Follow };
  }, []);
  return <Await resource={section}>{({ Follow }) => <Follow {...followed} />}</Await>;
}
