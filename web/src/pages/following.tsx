/** Place of the section "Follow" in a page, which loads it. */

import { addAudience } from "../messages/index.ts";
import { Await, useResource } from "../view/resource.tsx";
import type { Followed } from "./follow.tsx";

export function Following(followed: Followed) {
  const section = useResource(async () => {
    const [{ Follow }] = await Promise.all([import("./follow.tsx"), addAudience("follow")]);
    return { Follow };
  }, []);
  return <Await resource={section}>{({ Follow }) => <Follow {...followed} />}</Await>;
}
