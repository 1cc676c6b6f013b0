/** The contract releases that this program knows (§18). */

import known from "../../../verifier/ostraka_verifier/releases.json" with { type: "json" };

import type { Releases } from "../protocol/releases.ts";

export const KNOWN_RELEASES: Releases = known;
