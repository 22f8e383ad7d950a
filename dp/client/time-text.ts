// Nanoseconds since the epoch as RFC 3339 in UTC, without Date, which takes most of the time of a flow's JSON.

const SECONDS_PER_DAY = 86_400;
const DAYS_PER_ERA = 146_097; // 400 years
const DAYS_TO_ERA = 719_468; // from 0000-03-01 to 1970-01-01
const DAYS_PER_4_YEARS = 1_460;
const DAYS_PER_100_YEARS = 36_524;

/** RFC 3339 in UTC, to the microsecond; before 1970 = 1970. */
export function timeText(ns: bigint): string {
  const us = Math.max(Number(ns / 1000n), 0);
  const seconds = Math.floor(us / 1e6);
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  return `${dateText(days)}T${clockText(seconds - days * SECONDS_PER_DAY)}.${padded(us % 1e6, 6)}Z`;
}

/** Day number since the epoch as year-month-day; years count from March, so that a leap day comes last. */
function dateText(days: number): string {
  const since = days + DAYS_TO_ERA;
  const era = Math.floor(since / DAYS_PER_ERA);
  const day = since - era * DAYS_PER_ERA;
  const year = Math.floor((day - leapDays(day)) / 365);
  const dayOfYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  const calendarYear = year + era * 400 + (month >= 10 ? 1 : 0);
  return `${padded(calendarYear, 4)}-${padded(month < 10 ? month + 3 : month - 9, 2)}-${padded(dayOfMonth, 2)}`;
}

/** Leap days before a day of the 400 years. */
const leapDays = (day: number): number =>
  Math.floor(day / DAYS_PER_4_YEARS) -
  Math.floor(day / DAYS_PER_100_YEARS) +
  Math.floor(day / (DAYS_PER_ERA - 1));

function clockText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${padded(hours, 2)}:${padded(minutes - hours * 60, 2)}:${padded(seconds - minutes * 60, 2)}`;
}

const padded = (value: number, width: number): string => String(value).padStart(width, '0');
