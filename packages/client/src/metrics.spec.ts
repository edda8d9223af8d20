import { MetricsRecorder } from './metrics.js';

describe('latencies', () => {
  it('are summed up within an eighth', () => {
    const recorder = new MetricsRecorder();
    for (let i = 1; i <= 10_000; i++) recorder.replied(i / 100);
    const { latencyMs } = recorder.snapshot({ outstanding: 0, waiting: 0, watches: 0 });
    expect(latencyMs.count).toBe(10_000);
    expect(latencyMs.max).toBe(100);
    expect(latencyMs.mean).toBeCloseTo(50.005);
    for (const [quantile, exactly] of [
      ['p50', 50],
      ['p95', 95],
      ['p99', 99],
    ] as const) {
      expect(latencyMs[quantile]).toBeGreaterThanOrEqual(exactly);
      expect(latencyMs[quantile]).toBeLessThanOrEqual(exactly * 1.13);
    }
  });

  it('of nothing are 0', () => {
    const recorder = new MetricsRecorder();
    recorder.replied(0);
    expect(recorder.snapshot({ outstanding: 0, waiting: 0, watches: 0 }).latencyMs.p99).toBe(0);
  });
});
