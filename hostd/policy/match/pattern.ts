// Regular expressions of group criteria: a strict subset, matched in time linear in the text whatever the expression,
// since names and tags may come from whoever makes VMs. Literals, `.`, classes, `\d \w \s`, groups, `|`, `* + ? {n,m}`,
// `^` and `$`; no back-references, no look-around, no lazy quantifiers.
import { type Node, parsePattern } from './pattern-syntax.ts';

/** One step of the automaton; `next` and `other` are indices of steps. */
type Step =
  | { kind: 'char'; takes: (char: number) => boolean }
  | { kind: 'split'; next: number; other: number }
  | { kind: 'jump'; next: number }
  | { kind: 'start' | 'end' | 'match' };

const STEPS_MAX = 4000;

/** Whether the expression is found anywhere in a text; throws SyntaxError where it is none of ours. */
export function compilePattern(source: string): (text: string) => boolean {
  const steps: Step[] = [];
  emit(parsePattern(source), steps);
  steps.push({ kind: 'match' });
  return (text) => isFound(steps, text);
}

function emit(node: Node, steps: Step[]): void {
  if (steps.length > STEPS_MAX) throw new SyntaxError('the expression is too large');
  if (node.kind === 'char') steps.push({ kind: 'char', takes: node.takes });
  else if (node.kind === 'sequence') for (const part of node.parts) emit(part, steps);
  else if (node.kind === 'choice') emitChoice(node.options, steps);
  else if (node.kind === 'repeat') emitRepeat(node, steps);
  else steps.push({ kind: node.kind });
}

/** Each option but the last: try it, or go on to the next one; what took one jumps behind them all. */
function emitChoice(options: readonly Node[], steps: Step[]): void {
  const ends: (Step & { kind: 'jump' })[] = [];
  for (const option of options.slice(0, -1)) {
    const split = { kind: 'split' as const, next: steps.length + 1, other: 0 };
    steps.push(split);
    emit(option, steps);
    const end = { kind: 'jump' as const, next: 0 };
    steps.push(end);
    ends.push(end);
    split.other = steps.length;
  }
  for (const last of options.slice(-1)) emit(last, steps);
  for (const end of ends) end.next = steps.length;
}

function emitRepeat({ part, least, most }: Extract<Node, { kind: 'repeat' }>, steps: Step[]): void {
  for (let count = 0; count < least; count++) emit(part, steps);
  if (most === null) emitLoop(part, steps);
  for (let count = least; count < (most ?? 0); count++) {
    const split = { kind: 'split' as const, next: steps.length + 1, other: 0 };
    steps.push(split);
    emit(part, steps);
    split.other = steps.length;
  }
}

function emitLoop(part: Node, steps: Step[]): void {
  const split = { kind: 'split' as const, next: steps.length + 1, other: 0 };
  const begin = steps.length;
  steps.push(split);
  emit(part, steps);
  steps.push({ kind: 'jump', next: begin });
  split.other = steps.length;
}

/** All ways through the automaton at once: each step is visited at most once for a character. */
function isFound(steps: readonly Step[], text: string): boolean {
  const chars = Array.from(text, (char) => char.codePointAt(0) ?? 0);
  let states = new Set<number>();
  for (let at = 0; at <= chars.length; at++) {
    const edge = { start: at === 0, end: at === chars.length };
    if (follow(steps, 0, states, edge)) return true;
    const next = new Set<number>();
    for (const state of states) {
      const step = steps[state];
      const char = chars[at];
      if (step?.kind !== 'char' || char === undefined || !step.takes(char)) continue;
      if (follow(steps, state + 1, next, { start: false, end: at + 1 === chars.length })) return true;
    }
    states = next;
  }
  return false;
}

/** Adds what is reached without a character; true where that is the end of the expression. */
function follow(
  steps: readonly Step[],
  from: number,
  states: Set<number>,
  edge: { start: boolean; end: boolean },
): boolean {
  const open = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const step = steps[state];
    if (!step || states.has(state)) continue;
    states.add(state);
    if (step.kind === 'match') return true;
    if (step.kind === 'jump') open.push(step.next);
    else if (step.kind === 'split') open.push(step.other, step.next);
    else if (step.kind !== 'char' && edge[step.kind]) open.push(state + 1);
  }
  return false;
}
