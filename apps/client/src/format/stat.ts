import { type Stat, hex64 } from '@zk/model';
import { javaDate } from './date.js';

/** The block of lines that zkCli prints. */
export function statText(stat: Stat, timeZone?: string): string {
  const date = (time: bigint): string => javaDate(Number(time), timeZone);
  return [
    `cZxid = 0x${hex64(stat.czxid)}`,
    `ctime = ${date(stat.ctime)}`,
    `mZxid = 0x${hex64(stat.mzxid)}`,
    `mtime = ${date(stat.mtime)}`,
    `pZxid = 0x${hex64(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = 0x${hex64(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
  ].join('\n');
}

/** For `--json`: 64-bit numbers as hexadecimal text, times as ISO 8601. */
export function statJson(stat: Stat): Readonly<Record<string, unknown>> {
  return {
    czxid: `0x${hex64(stat.czxid)}`,
    ctime: isoTime(stat.ctime),
    mzxid: `0x${hex64(stat.mzxid)}`,
    mtime: isoTime(stat.mtime),
    pzxid: `0x${hex64(stat.pzxid)}`,
    cversion: stat.cversion,
    version: stat.version,
    aversion: stat.aversion,
    ephemeralOwner: `0x${hex64(stat.ephemeralOwner)}`,
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  };
}

/** ISO 8601; the number as text for a time that no calendar has. */
export function isoTime(time: bigint): string {
  const date = new Date(Number(time));
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}
