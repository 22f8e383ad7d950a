// Text of a regular expression → its tree. Pure; recursive in groups, whose depth is bounded.

type Takes = (char: number) => boolean;

export type Node =
  | { kind: 'char'; takes: Takes }
  | { kind: 'start' | 'end' }
  | { kind: 'sequence'; parts: Node[] }
  | { kind: 'choice'; options: Node[] }
  /** `most` null: as often as it comes */
  | { kind: 'repeat'; part: Node; least: number; most: number | null };

export const PATTERN_CHARS_MAX = 256;
const DEPTH_MAX = 20;
const COUNT_MAX = 100;

/** Throws SyntaxError with a reason that a person can act on. */
export function parsePattern(source: string): Node {
  if (source.length > PATTERN_CHARS_MAX)
    throw new SyntaxError(`an expression has at most ${PATTERN_CHARS_MAX} characters`);
  return new PatternParser(source).whole();
}

const inRange =
  (first: number, last: number): Takes =>
  (char) =>
    char >= first && char <= last;
const anyOf =
  (parts: readonly Takes[]): Takes =>
  (char) =>
    parts.some((takes) => takes(char));
const not =
  (takes: Takes): Takes =>
  (char) =>
    !takes(char);
const code = (char: string): number => char.codePointAt(0) ?? 0;
const oneOf = (chars: string): Takes => anyOf([...chars].map((char) => inRange(code(char), code(char))));

const digit = inRange(code('0'), code('9'));
const word = anyOf([digit, inRange(code('a'), code('z')), inRange(code('A'), code('Z')), oneOf('_')]);
const space = oneOf(' \t\n\r\f\v');
const CLASSES: Record<string, Takes> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
};
const ANY = not(oneOf('\n\r'));

class PatternParser {
  readonly #chars: string[];
  #at = 0;

  constructor(source: string) {
    this.#chars = [...source];
  }

  whole(): Node {
    const node = this.#choice(0);
    if (this.#at < this.#chars.length) throw new SyntaxError(`\`)\` without \`(\``);
    return node;
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #choice(depth: number): Node {
    if (depth > DEPTH_MAX) throw new SyntaxError('groups are nested too deeply');
    const options = [this.#sequence(depth)];
    while (this.#take('|')) options.push(this.#sequence(depth));
    return options.length === 1 && options[0] ? options[0] : { kind: 'choice', options };
  }

  #sequence(depth: number): Node {
    const parts: Node[] = [];
    for (let char = this.#peek(); char !== undefined && char !== '|' && char !== ')'; char = this.#peek())
      parts.push(this.#repeated(depth));
    return { kind: 'sequence', parts };
  }

  #repeated(depth: number): Node {
    const part = this.#atom(depth);
    const count = this.#count();
    if (!count) return part;
    if (part.kind === 'start' || part.kind === 'end') throw new SyntaxError('an anchor cannot be repeated');
    if (['?', '*', '+', '{'].includes(this.#peek() ?? ''))
      throw new SyntaxError('a quantifier cannot follow another one');
    return { kind: 'repeat', part, ...count };
  }

  #count(): { least: number; most: number | null } | null {
    if (this.#take('*')) return { least: 0, most: null };
    if (this.#take('+')) return { least: 1, most: null };
    if (this.#take('?')) return { least: 0, most: 1 };
    return this.#take('{') ? this.#bounds() : null;
  }

  #bounds(): { least: number; most: number | null } {
    const end = this.#chars.indexOf('}', this.#at);
    const text = this.#chars.slice(this.#at, Math.max(end, this.#at)).join('');
    const found = /^(\d{1,3})(,(\d{1,3})?)?$/.exec(text);
    if (!found) throw new SyntaxError('`{` begins {n}, {n,} or {n,m}; write `\\{` for the character');
    this.#at = end + 1;
    const least = Number(found[1]);
    const most = found[2] === undefined ? least : found[3] === undefined ? null : Number(found[3]);
    if (least > COUNT_MAX || (most ?? 0) > COUNT_MAX || (most !== null && most < least))
      throw new SyntaxError(`a count is at most ${COUNT_MAX}, the lesser one first`);
    return { least, most };
  }

  #atom(depth: number): Node {
    const char = this.#chars[this.#at++] ?? '';
    if (char === '^') return { kind: 'start' };
    if (char === '$') return { kind: 'end' };
    if (char === '.') return { kind: 'char', takes: ANY };
    if (char === '(') return this.#group(depth);
    if (char === '[') return { kind: 'char', takes: this.#class() };
    if (char === '\\') return { kind: 'char', takes: this.#escaped() };
    if ('*+?{'.includes(char)) throw new SyntaxError(`nothing stands before \`${char}\``);
    return { kind: 'char', takes: oneOf(char) };
  }

  #group(depth: number): Node {
    if (this.#take('?') && !this.#take(':'))
      throw new SyntaxError('of `(?` only `(?:` is taken: no look-around, no named groups');
    const inner = this.#choice(depth + 1);
    if (!this.#take(')')) throw new SyntaxError('`(` without `)`');
    return inner;
  }

  #escaped(): Takes {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw new SyntaxError('`\\` at the end');
    const known = CLASSES[char];
    if (known) return known;
    if (/[A-Za-z0-9]/.test(char)) throw new SyntaxError(`\`\\${char}\` is not taken`);
    return oneOf(char);
  }

  #class(): Takes {
    const negated = this.#take('^');
    const parts: Takes[] = [];
    while (!this.#take(']')) {
      if (this.#peek() === undefined) throw new SyntaxError('`[` without `]`');
      parts.push(this.#classPart());
    }
    if (parts.length === 0) throw new SyntaxError('`[]` takes nothing');
    return negated ? not(anyOf(parts)) : anyOf(parts);
  }

  #classPart(): Takes {
    const first = this.#chars[this.#at++] ?? '';
    if (first === '\\' && CLASSES[this.#peek() ?? '']) return this.#escaped();
    const from = first === '\\' ? this.#literal() : first;
    if (this.#peek() !== '-' || [undefined, ']'].includes(this.#chars[this.#at + 1])) return oneOf(from);
    this.#at++;
    const last = this.#chars[this.#at++] ?? '';
    const to = last === '\\' ? this.#literal() : last;
    if (code(to) < code(from)) throw new SyntaxError(`the range ${from}-${to} is the wrong way round`);
    return inRange(code(from), code(to));
  }

  /** The character after a backslash inside a class. */
  #literal(): string {
    const char = this.#chars[this.#at++];
    if (char === undefined || /[A-Za-z0-9]/.test(char))
      throw new SyntaxError(`\`\\${char ?? ''}\` is not taken`);
    return char;
  }
}
