/** Zones whose usual abbreviation is in no English locale of ICU. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  'Asia/Tokyo': 'JST',
  'Asia/Seoul': 'KST',
  'Asia/Shanghai': 'CST',
  'Asia/Hong_Kong': 'HKT',
  'Asia/Singapore': 'SGT',
  'Europe/Moscow': 'MSK',
};

/** Between them they know most abbreviations. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN'] as const;

/** As Java's `Date.toString()`: `EEE MMM dd HH:mm:ss zzz yyyy`, e.g. `Sat Jan 03 10:00:00 UTC 2026`. */
export function javaDate(timeMs: number, timeZone?: string): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return 'Invalid date';
  const parts = new Map(
    new Intl.DateTimeFormat('en-US', {
      ...(timeZone === undefined ? {} : { timeZone }),
      weekday: 'short',
      month: 'short',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      year: 'numeric',
    })
      .formatToParts(date)
      .map(({ type, value }) => [type, value]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? '';
  const time = `${part('hour')}:${part('minute')}:${part('second')}`;
  return `${part('weekday')} ${part('month')} ${part('day')} ${time} ${zoneName(date, timeZone)} ${part('year')}`;
}

function zoneName(date: Date, timeZone: string | undefined): string {
  const zone = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  let offset = 'UTC';
  for (const locale of LOCALES) {
    const name = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' })
      .formatToParts(date)
      .find(({ type }) => type === 'timeZoneName')?.value;
    if (name === undefined) continue;
    if (/^[A-Z]{2,5}$/.test(name)) return name;
    offset = name;
  }
  return ABBREVIATIONS[zone] ?? offset;
}
