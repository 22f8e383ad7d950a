// Cron expressions of five fields in a time zone: when the next moment is. node-cron says what an expression is and how
// it is read; its own search for the next moment tries the same day of later years where the day of the week is wrong.

/** Sorted. */
interface Fields {
  minutes: number[];
  hours: number[];
  days: number[];
  months: number[];
  /** 0 is Sunday. */
  weekdays: number[];
}

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** 29 February on a given day of the week comes again within 40 years. */
const DAYS_MAX = 40 * 366;
/** More than any zone ever moves its clocks. */
const SHIFT_MAX_MS = 3 * HOUR_MS;

export class Cron {
  readonly #fields: Fields;
  readonly #clock: Intl.DateTimeFormat;

  /** Of what `isCron`. */
  constructor(expression: string, timezone: string) {
    this.#fields = fieldsOf(expression);
    this.#clock = new Intl.DateTimeFormat('en-US', { ...CLOCK, timeZone: timezone });
  }

  /** The first moment after that one, ms since the epoch; null: there is none within 40 years. */
  next(after_ms: number): number | null {
    const { days, months, weekdays } = this.#fields;
    const from = this.#wall(after_ms);
    const today = from - (from % DAY_MS);
    for (let day = today - DAY_MS; day <= today + DAYS_MAX * DAY_MS; day += DAY_MS) {
      const date = new Date(day);
      const isDay = days.includes(date.getUTCDate()) && weekdays.includes(date.getUTCDay());
      if (!isDay || !months.includes(date.getUTCMonth() + 1)) continue;
      const found = this.#nextOn(day, from, after_ms);
      if (found !== null) return found;
    }
    return null;
  }

  /** Days and times of day as UTC would count them. */
  #nextOn(day: number, from: number, after_ms: number): number | null {
    const { minutes, hours } = this.#fields;
    const found: number[] = [];
    for (const hour of hours)
      for (const minute of minutes) {
        const wall = day + hour * HOUR_MS + minute * MINUTE_MS;
        if (wall < from - SHIFT_MAX_MS) continue;
        found.push(...this.#moments(wall).filter((moment) => moment > after_ms));
        // Later times of day come later, but for an hour that clocks show twice.
        if (found.length > 0 && wall > from + SHIFT_MAX_MS) return Math.min(...found);
      }
    return found.length > 0 ? Math.min(...found) : null;
  }

  /** When clocks show that: never in an hour that is left out; of two hours the first, unless it is every hour. */
  #moments(wall: number): number[] {
    const offsets = [wall - DAY_MS, wall + DAY_MS].map((near) => this.#wall(near) - near);
    const moments = [...new Set(offsets.map((offset) => wall - offset))];
    const shown = moments.filter((moment) => this.#wall(moment) === wall).sort((a, b) => a - b);
    return this.#fields.hours.length === 24 ? shown : shown.slice(0, 1);
  }

  /** What clocks show then, to the minute, as if they were UTC's. */
  #wall(moment: number): number {
    const parts = new Map(this.#clock.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  }
}

const CLOCK: Intl.DateTimeFormatOptions = {
  ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
  hourCycle: 'h23',
};

const RANGES = [
  [0, 59, []],
  [0, 23, []],
  [1, 31, []],
  [1, 12, MONTHS],
  [0, 7, WEEKDAYS],
] as const;

/** Whether it is one, of five fields. node-cron must not be asked before: a step of 0 ends the process there. */
export function isCron(expression: string): boolean {
  const fields = expression.trim().split(/\s+/);
  return (
    fields.length === RANGES.length &&
    RANGES.every(([low, high, names], at) => isField(fields[at] ?? '', low, high, names))
  );
}

function isField(field: string, low: number, high: number, names: readonly string[]): boolean {
  const name = names.map((full) => `|${full.slice(0, 3)}(?:${full.slice(3)})?`).join('');
  const word = `(\\d{1,2}${name})`;
  const part = new RegExp(`^((?:\\*|${word}-${word})(?:/[1-9]\\d?)?|${word})$`, 'i');
  return field.split(',').every((text) => {
    const [, whole, from, to, single] = part.exec(text) ?? [];
    if (whole?.startsWith('*')) return true;
    const first = numberIn(from ?? single ?? '', names, low);
    const last = numberIn(to ?? single ?? '', names, low);
    return whole !== undefined && low <= first && first <= last && last <= high;
  });
}

const numberIn = (word: string, names: readonly string[], low: number): number =>
  /^\d+$/.test(word)
    ? Number(word)
    : names.findIndex((full) => full.startsWith(word.toLowerCase().slice(0, 3))) + low;

function fieldsOf(expression: string): Fields {
  const [minutes = '', hours = '', days = '', months = '', weekdays = ''] = expression.trim().split(/\s+/);
  return {
    minutes: valuesOf(minutes, 0, 59),
    hours: valuesOf(hours, 0, 23),
    days: valuesOf(days, 1, 31),
    months: valuesOf(months, 1, 12, MONTHS),
    weekdays: [...new Set(valuesOf(weekdays, 0, 7, WEEKDAYS).map((day) => day % 7))],
  };
}

/** `*`, `5`, `mon-fri`, `10-50/20`, and lists of these. */
function valuesOf(field: string, low: number, high: number, names: readonly string[] = []): number[] {
  const found = field.split(',').flatMap((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [from = '', to = from] = range.split('-');
    const [first, last] =
      range === '*' ? [low, high] : [numberIn(from, names, low), numberIn(to, names, low)];
    const count = Math.floor((last - first) / Number(step)) + 1;
    return Array.from({ length: count }, (_, at) => first + at * Number(step));
  });
  return [...new Set(found)].sort((a, b) => a - b);
}
