/** Processes that die, stop for a while, or start again. */
import type { Member } from '../lib/ensemble-processes.js';
import { all, type Fault, leader, minority, names, one, type Scene, shuffled, type Victims } from './scene.js';

function eachOf(
  name: string,
  weight: number,
  victims: Victims,
  action: (member: Member) => Promise<void> | void,
): Fault {
  return {
    name,
    weight,
    isCompatible: true,
    apply: async (scene) => {
      const members = await victims(scene);
      await Promise.all(members.map(action));
      return names(members);
    },
  };
}

const kill = (member: Member): Promise<void> => member.kill();
const pause = (member: Member): void => member.pause();

export const processFaults: readonly Fault[] = [
  eachOf('kill one', 2, one, kill),
  eachOf('kill the leader', 4, leader, kill),
  eachOf('kill a minority', 2, minority, kill),
  eachOf('kill all', 3, all, kill),
  eachOf('pause one', 2, one, pause),
  eachOf('pause the leader', 4, leader, pause),
  eachOf('pause a minority', 2, minority, pause),
  eachOf('pause all', 1, all, pause),
  eachOf('restart all', 2, all, (member) => member.restart()),
  { name: 'restart one after the other', weight: 2, isCompatible: false, apply: rollingRestart },
  { name: 'kill leaders in a row', weight: 3, isCompatible: false, apply: killLeaders },
];

async function rollingRestart({ ensemble, sleep, tickMs, random }: Scene): Promise<string> {
  const members = shuffled(random, ensemble.members);
  for (const member of members) {
    await member.restart();
    await sleep(random.between(1, 4) * tickMs);
  }
  return names(members);
}

async function killLeaders({ ensemble, sleep, tickMs, random }: Scene): Promise<string> {
  const killed: Member[] = [];
  for (let i = random.between(2, 4); i > 0; i--) {
    const member = await ensemble.leader();
    if (member !== undefined) {
      await member.kill();
      killed.push(member);
      await sleep(random.below(2 * tickMs));
      member.start();
    }
    await sleep(random.between(1, 6) * tickMs);
  }
  return names(killed);
}
