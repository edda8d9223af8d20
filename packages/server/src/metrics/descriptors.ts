import { readFileSync, readdirSync } from 'node:fs';

/** Of this process; -1 where the platform does not say. */
export function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}

/** -1 where the platform does not say, or has no limit. */
export function maxDescriptors(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return limit === null ? -1 : Number(limit[1]);
  } catch {
    return -1;
  }
}
