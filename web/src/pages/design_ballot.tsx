/** A ballot with a question of several kinds, on the page of components. */

import { useState } from "preact/hooks";

import { readEntries } from "../client/answers.ts";
import { utf8 } from "../protocol/encoding.ts";
import { parseJson } from "../protocol/json.ts";
import { readQuestions } from "../protocol/question/poll.ts";
import { Filling } from "./ballot/filling.tsx";

const QUESTIONS = readQuestions(
  parseJson(
    utf8(
      JSON.stringify([
        { kind: "single_choice", title: "Where?", options: ["Lake", "Forest", "Old town hall"] },
        {
          kind: "knapsack",
          title: "What to buy?",
          options: ["Bench", "Tree", "Statue of the founder"],
          costs: [400, 150, 900],
          budget: 1000,
        },
        { kind: "points", title: "Points", options: ["Park", "Pool"], credits: 10, at_least: 1 },
        {
          kind: "ranking",
          title: "Your favourites",
          options: ["Red", "Green", "Blue"],
          scores: [2, 1, 0],
        },
        {
          kind: "number",
          title: "Your monthly wage",
          low: 0,
          high: 150,
          unit: "100 €",
          groups: ["women", "men"],
        },
      ]),
    ),
    "questions",
  ),
);

export function SampleBallot() {
  const [answers, setAnswers] = useState(() => {
    return QUESTIONS.map((question) => readEntries(question, undefined));
  });
  return (
    <section aria-labelledby="sample">
      <h2 id="sample">Ballot</h2>
      <Filling
        questions={QUESTIONS}
        answers={answers}
        details={[]}
        change={(place, answer) => {
          setAnswers(answers.map((one, at) => (at === place ? answer : one)));
        }}
        state="Not cast yet"
      >
        {(complete) => (
          <button type="button" class="primary" disabled={!complete}>
            Seal my ballot
          </button>
        )}
      </Filling>
    </section>
  );
}
