import { describeTransport } from '@zk/compliance';
import { Agenda, SeededRandom } from '@zk/simulation';
import { Life } from '../src/world/life.js';
import { SimulatedNetwork } from '../src/world/network.js';

/** A network of one machine on which time passes whenever the event loop comes round. */
function runningNetwork(seed: number, roomBytes: number) {
  const agenda = new Agenda();
  const network = new SimulatedNetwork(agenda, new SeededRandom(seed));
  network.roomBytes = () => roomBytes;
  let isRunning = true;
  const run = (): void => {
    agenda.step();
    if (isRunning) setImmediate(run);
  };
  run();
  const host = '10.0.0.1';
  const close = (): void => {
    isRunning = false;
  };
  return { transport: network.at(host, new Life(agenda)), host, close };
}

describe.each([
  ['with room', 65_536],
  ['with little room', 1_000],
])('%s', (room, roomBytes) => {
  let seed = 0;
  describeTransport(`SimulatedNetwork ${room}`, { create: () => runningNetwork(++seed, roomBytes) });
});
