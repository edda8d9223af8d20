import { FAULTS, ServerSimulation } from '../src/index.js';

const SEEDS = [1, 2, 3];

async function traced(seed: number): Promise<{ readonly lines: readonly string[]; readonly result: object }> {
  const lines: string[] = [];
  const options = { seed, durationMs: 1500, faults: 3, trace: (line: string) => lines.push(line) };
  return { result: await new ServerSimulation(options).run(), lines };
}

it.each(SEEDS)('seed %d: servers and clients come through their faults with what was promised', async (seed) => {
  const result = await new ServerSimulation({ seed, durationMs: 3000, faults: 4 }).run();
  expect(result.violation?.message).toBeUndefined();
  expect(result.acknowledged).toBeGreaterThan(50);
  expect(result.events).toBeGreaterThan(10);
});

it('tells the same story, line by line, whenever it is given the same seed', async () => {
  const first = await traced(7);
  expect(first.lines.length).toBeGreaterThan(1000);
  expect(await traced(7)).toEqual(first);
  expect((await traced(8)).lines).not.toEqual(first.lines);
});

it.each(Object.keys(FAULTS))('comes through %s, again and again', async (kind) => {
  const result = await new ServerSimulation({
    seed: 11,
    servers: 3,
    durationMs: 2000,
    faults: 3,
    faultKinds: [kind],
  }).run();
  expect(result.violation?.message).toBeUndefined();
  expect(result.counts.get(`fault ${kind}`)).toBe(3);
});
