import cliProgress from 'cli-progress';
import type { Output } from '../shell/output.js';

/** How far something long has come: a bar on a terminal, nothing elsewhere. */
export interface Progress {
  advance(count: number): void;
  /** The end is known now, or has moved. */
  setTotal(total: number): void;
  stop(): void;
}

const silent: Progress = {
  advance: () => undefined,
  setTotal: () => undefined,
  stop: () => undefined,
};

export function startProgress(out: Output, title: string, total: number): Progress {
  const target = out.progress;
  if (target === undefined) return silent;
  const bar = new cliProgress.SingleBar(
    {
      format: `${title} {bar} {value}/{total} znodes, {duration_formatted}`,
      stream: target.stream as NodeJS.WriteStream,
      hideCursor: true,
      clearOnComplete: false,
      etaBuffer: 1000,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return {
    advance: (count) => bar.increment(count),
    setTotal: (value) => bar.setTotal(value),
    stop: () => bar.stop(),
  };
}
