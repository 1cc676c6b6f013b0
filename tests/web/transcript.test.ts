/** Challenges of the shared vectors. */

import { expect, test } from "vitest";

import { Transcript } from "../../web/src/protocol/transcript.ts";
import { unhex, vectors } from "./support/vectors.ts";

interface TranscriptCase {
  purpose: string;
  poll_context: string;
  messages: [label: string, message: string][];
  challenge: string;
}

test.each(vectors<{ cases: TranscriptCase[] }>("transcript").cases)(
  "transcript.json: $purpose $messages",
  ({ purpose, poll_context, messages, challenge }) => {
    const transcript = new Transcript(purpose, unhex(poll_context));
    for (const [label, message] of messages) transcript.absorb(label, unhex(message));
    expect(transcript.challenge()).toBe(BigInt(challenge));
  },
);
