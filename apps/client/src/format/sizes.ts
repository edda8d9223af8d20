const UNITS = ['B', 'K', 'M', 'G', 'T'] as const;

/** Bytes as people read them: `17B`, `1.5K`, `12M`. */
export function humanBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)}${UNITS[unit]}`;
}
