/** A picture of a result for messages and social networks, drawn by the browser alone. */

import { awardedSlots } from "../../client/decisions.ts";
import { percent } from "../../messages/index.ts";
import { t } from "../../messages/results.ts";
import { Majority } from "../../protocol/outcome/majority.ts";
import { decisionLine, type Outcome } from "./outcome.tsx";

const WIDTH = 1200;
const HEIGHT = 630;
const EDGE = 64;
const TITLE_PX = 56;
const LINE_PX = 40;
const SMALL_PX = 30;
const MAX_WINNERS = 5;

/** Draw the picture, and save it as a file. */
export function savePicture(outcome: Outcome): void {
  save(draw(outcome), `ostraka-${outcome.shown.poll}.png`);
}

function save(canvas: HTMLCanvasElement, name: string): void {
  const link = document.createElement("a");
  link.href = canvas.toDataURL("image/png");
  link.download = name;
  link.click();
}

/** Lines of the picture after its title: each decision with its winners, and the turnout. */
function cardLines(outcome: Outcome): string[] {
  const { counted, voters } = outcome.results;
  const lines = outcome.decisions.flatMap((decision) => {
    const line = decisionLine(decision);
    if (line === undefined) return [];
    const slots = decision.rule instanceof Majority ? [] : awardedSlots(decision);
    const winners = slots.slice(0, MAX_WINNERS).map((slot) => {
      return `✓ ${decision.options[slot]}`;
    });
    const more = slots.length - winners.length;
    return [line, ...winners, ...(more > 0 ? [t("results.more", { count: more })] : [])];
  });
  const turnout = percent(BigInt(counted), BigInt(voters));
  return [...lines, `${t("results.turnoutLabel")}: ${turnout}`];
}

function draw(outcome: Outcome): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext("2d")!;
  const { color, backgroundColor, fontFamily } = getComputedStyle(document.body);
  const header = document.querySelector(".site-header");
  pen.fillStyle = backgroundColor;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = header ? getComputedStyle(header).borderTopColor : color;
  pen.fillRect(0, 0, WIDTH, EDGE / 4);
  pen.fillStyle = color;
  pen.textBaseline = "top";
  let top = EDGE;
  pen.font = `700 ${TITLE_PX}px ${fontFamily}`;
  for (const line of wrapped(pen, outcome.shown.title, 2)) {
    pen.fillText(line, EDGE, top);
    top += TITLE_PX * 1.2;
  }
  top += SMALL_PX / 2;
  for (const [place, text] of cardLines(outcome).entries()) {
    const size = place === 0 ? LINE_PX : SMALL_PX;
    if (top + size > HEIGHT - EDGE - SMALL_PX) break;
    pen.font = `${place === 0 ? 700 : 400} ${size}px ${fontFamily}`;
    pen.fillText(wrapped(pen, text, 1)[0]!, EDGE, top);
    top += size * 1.4;
  }
  pen.font = `400 ${SMALL_PX * 0.8}px ${fontFamily}`;
  pen.fillText(`${location.host}/polls/${outcome.shown.poll}/results`, EDGE, HEIGHT - EDGE);
  return canvas;
}

/** A text in at most `most` lines that fit the picture; what is left out is an ellipsis. */
function wrapped(pen: CanvasRenderingContext2D, text: string, most: number): string[] {
  const room = WIDTH - 2 * EDGE;
  const lines: string[] = [];
  let words = text.split(/\s+/);
  while (words.length && lines.length < most) {
    let count = words.length;
    const last = lines.length === most - 1;
    const line = () => {
      const taken = words.slice(0, count).join(" ");
      return last && count < words.length ? `${taken} …` : taken;
    };
    while (count > 1 && pen.measureText(line()).width > room) count -= 1;
    lines.push(line());
    words = words.slice(count);
  }
  return lines;
}
