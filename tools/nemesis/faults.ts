/** All that can happen to an ensemble, and how everything is repaired. */
import { clockFaults } from './clock-faults.js';
import { diskFaults } from './disk-faults.js';
import { networkFaults } from './network-faults.js';
import { processFaults } from './process-faults.js';
import type { Fault, Scene } from './scene.js';

export const FAULTS: readonly Fault[] = [...processFaults, ...networkFaults, ...diskFaults, ...clockFaults];

/** Everything as it should be: links whole, all processes running, disks with room, clocks right. */
export function repair({ ensemble, network, disk, wallClocks }: Scene): void {
  wallClocks.restore();
  network.healAll();
  disk?.empty();
  for (const member of ensemble.members) {
    if (member.isPaused) member.resume();
    member.start();
  }
}
