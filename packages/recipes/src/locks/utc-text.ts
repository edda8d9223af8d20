/** Days before each month of a year that begins in March, so that the leap day is the last. */
const DAYS_BEFORE = [0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337];
const DAY_SECONDS = 86_400;
/** From 1 March of year 0 to 1 January 1970. */
const EPOCH_DAYS = 719_468;

/** Wall-clock milliseconds as `2030-01-02T04:14:05`: UTC, without a zone, fractions cut off, as Python's isoformat. */
export function utcText(wallMs: number): string {
  const seconds = Math.floor(wallMs / 1_000);
  const daySeconds = ((seconds % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
  const { year, month, day } = dateOf(Math.floor(seconds / DAY_SECONDS));
  const time = [daySeconds / 3_600, (daySeconds / 60) % 60, daySeconds % 60].map((part) => two(Math.floor(part)));
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${time.join(':')}`;
}

/** The other way; undefined for text of another form. A fraction is ignored. */
export function utcMs(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hours, minutes, seconds] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  return (daysOf(year, month, day) * DAY_SECONDS + hours * 3_600 + minutes * 60 + seconds) * 1_000;
}

function daysOf(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  return daysBeforeYear(marchYear) + DAYS_BEFORE[(month + 9) % 12]! + day - 1 - EPOCH_DAYS;
}

function dateOf(days: number): { year: number; month: number; day: number } {
  const all = days + EPOCH_DAYS;
  let marchYear = Math.floor(all / 365.2425);
  // The division is off by one near the turn of a year.
  while (daysBeforeYear(marchYear + 1) <= all) marchYear++;
  while (daysBeforeYear(marchYear) > all) marchYear--;
  const dayOfYear = all - daysBeforeYear(marchYear);
  const index = DAYS_BEFORE.findLastIndex((before) => before <= dayOfYear);
  const month = index < 10 ? index + 3 : index - 9;
  return { year: month > 2 ? marchYear : marchYear + 1, month, day: dayOfYear - DAYS_BEFORE[index]! + 1 };
}

/** Days before 1 March of a year, counted from 1 March of year 0. */
function daysBeforeYear(year: number): number {
  return year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
