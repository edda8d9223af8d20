/** Monotonic clocks that start anew, and wall clocks that jump. */
import { spawnSync } from 'node:child_process';
import {
  all,
  type Fault,
  leader,
  minority,
  minorityOf,
  names,
  restartBehind,
  type Scene,
  type Victims,
} from './scene.js';

export const clockFaults: readonly Fault[] = [
  {
    name: 'restart with other monotonic clocks',
    weight: 2,
    isCompatible: false,
    whyImpossible: () => whyNoTimeNamespaces(),
    apply: shiftClocks,
  },
  jumpsOf('the wall clock of the leader jumps', 3, leader),
  jumpsOf('wall clocks of a minority jump', 2, minority),
  jumpsOf('all wall clocks jump', 2, all),
];

async function shiftClocks(scene: Scene): Promise<string> {
  const { network, random } = scene;
  const shifted: string[] = [];
  for (const member of minorityOf(scene)) {
    const seconds = String(random.between(1, 1_000_000));
    const clock = ['unshare', '-T', '--monotonic', seconds, '--boottime', seconds];
    await restartBehind(member, [...clock, ...network.wrapperOf(member.id)]);
    shifted.push(`${names([member])} +${seconds} s`);
  }
  return shifted.join(', ');
}

/** Ahead and back, each by itself, a few times; the last offset stays until all is repaired. */
function jumpsOf(name: string, weight: number, victims: Victims): Fault {
  return {
    name,
    weight,
    isCompatible: true,
    whyImpossible: ({ wallClocks }) => wallClocks.problem,
    apply: async (scene) => {
      const { random, sleep, tickMs } = scene;
      const members = await victims(scene);
      const hits: string[] = [];
      for (let jump = random.between(2, 6); jump > 0; jump--) {
        for (const member of members) {
          const seconds = offsetFrom(scene);
          scene.wallClocks.set(member.id, seconds);
          hits.push(`${names([member])} ${seconds < 0 ? '' : '+'}${seconds} s`);
        }
        await sleep(random.below(3 * tickMs));
      }
      return hits.join(', ');
    },
  };
}

/** Seconds to decades, either way. */
function offsetFrom({ random }: Scene): number {
  const seconds = random.between(1, 10 ** random.between(1, 9));
  return random.chance(0.5) ? seconds : -seconds;
}

let timeNamespaces: { readonly problem: string | undefined } | undefined;

function whyNoTimeNamespaces(): string | undefined {
  if (timeNamespaces === undefined) {
    const made = spawnSync('unshare', ['-T', '--monotonic', '1', 'true'], { encoding: 'utf8' });
    const isMade = made.error === undefined && made.status === 0;
    timeNamespaces = { problem: isMade ? undefined : `no time namespaces: ${made.error?.message ?? made.stderr}` };
  }
  return timeNamespaces.problem;
}
