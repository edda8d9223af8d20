/** What a hypervisor took while something was measured (Linux, `/proc/stat`). */
import { readFileSync } from 'node:fs';

interface ProcessorTimes {
  /** Ticks in which a processor worked, or should have. */
  readonly wanted: number;
  /** Ticks among them in which the hypervisor let somebody else have it. */
  readonly stolen: number;
}

/** Where the steal column stands; the fields before it are user, nice, system, idle, iowait, irq, softirq. */
const STOLEN = 7;
const RESTING = new Set([3, 4]);

export function parseProcessorTimes(stat: string): ProcessorTimes {
  const fields = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .slice(0, STOLEN + 1)
    .map(Number);
  const wanted = fields.filter((_, column) => !RESTING.has(column)).reduce((sum, ticks) => sum + ticks, 0);
  return { wanted, stolen: fields[STOLEN] ?? 0 };
}

/** Watches from its creation on. */
export class StolenTime {
  private readonly start: ProcessorTimes;

  constructor(private readonly readStat: () => string = () => readFileSync('/proc/stat', 'latin1')) {
    this.start = this.read();
  }

  /** Percent of the processors' time that was wanted since then. */
  percent(): number {
    const { wanted, stolen } = this.read();
    const all = wanted - this.start.wanted;
    return all <= 0 ? 0 : (100 * (stolen - this.start.stolen)) / all;
  }

  private read(): ProcessorTimes {
    return parseProcessorTimes(this.readStat());
  }
}
