/** Links that carry nothing, in one direction or both. */
import { CLIENTS } from './network.js';
import { type Fault, leader, minority, names, one, type Scene, shuffled, type Victims } from './scene.js';

type Cuts = (scene: Scene) => Promise<{ readonly cuts: readonly (readonly [number, number])[]; readonly what: string }>;

function partition(name: string, weight: number, choose: Cuts): Fault {
  return {
    name,
    weight,
    isCompatible: true,
    apply: async (scene) => {
      const { cuts, what } = await choose(scene);
      for (const [from, to] of cuts) scene.network.cut(from, to);
      return what;
    },
  };
}

const idsOf = ({ ensemble }: Scene): number[] => ensemble.members.map(({ id }) => id);
const both = (a: number, b: number): (readonly [number, number])[] => [
  [a, b],
  [b, a],
];

function between(left: readonly number[], right: readonly number[]): (readonly [number, number])[] {
  return left.flatMap((a) => right.flatMap((b) => both(a, b)));
}

function isolate(victims: Victims): Cuts {
  return async (scene) => {
    const members = await victims(scene);
    const ids = members.map(({ id }) => id);
    const others = idsOf(scene).filter((id) => !ids.includes(id));
    return { cuts: between(ids, others), what: names(members) };
  };
}

function oneWay(isOutwards: boolean): Cuts {
  return async (scene) => {
    const [member] = await leader(scene);
    const others = idsOf(scene).filter((id) => id !== member!.id);
    const cuts = others.map((id) => (isOutwards ? ([member!.id, id] as const) : ([id, member!.id] as const)));
    return { cuts, what: names([member!]) };
  };
}

/** Two halves that see each other only through one member. */
const bridge: Cuts = async (scene) => {
  const [middle, ...others] = shuffled(scene.random, scene.ensemble.members);
  const half = Math.ceil(others.length / 2);
  const ids = others.map(({ id }) => id);
  return { cuts: between(ids.slice(0, half), ids.slice(half)), what: `through ${names([middle!])}` };
};

/** Some directions of some links, whichever. */
const random: Cuts = async (scene) => {
  const links = idsOf(scene).flatMap((a) => idsOf(scene).flatMap((b) => (a === b ? [] : [[a, b] as const])));
  const cuts = links.filter(() => scene.random.chance(0.4));
  return { cuts, what: cuts.map(([a, b]) => `${a}>${b}`).join(' ') };
};

export const networkFaults: readonly Fault[] = [
  partition('isolate the leader', 5, isolate(leader)),
  partition('isolate one', 2, isolate(one)),
  partition('isolate a minority', 3, isolate(minority)),
  partition('nobody hears the leader', 3, oneWay(true)),
  partition('the leader hears nobody', 3, oneWay(false)),
  partition('two halves and a bridge', 2, bridge),
  partition('cut directions at random', 2, random),
  partition('cut everything', 1, async (scene) => ({ cuts: between(idsOf(scene), idsOf(scene)), what: 'all links' })),
  { name: 'a leader that comes and goes', weight: 2, isCompatible: false, apply: flap },
  {
    ...partition('clients lose the leader', 2, async (scene) => {
      const members = await leader(scene);
      return { cuts: both(CLIENTS, members[0]!.id), what: names(members) };
    }),
    whyImpossible: ({ network }) => (network.reachesClients ? undefined : 'clients are not behind the proxies'),
  },
];

/** The leader's links are cut and healed again and again, now shorter, now longer than its followers' patience. */
async function flap(scene: Scene): Promise<string> {
  const { network, sleep, tickMs } = scene;
  const { cuts, what } = await isolate(leader)(scene);
  for (let i = scene.random.between(4, 8); i > 0; i--) {
    for (const [from, to] of cuts) network.cut(from, to);
    await sleep(scene.random.between(1, 3 * tickMs));
    for (const [from, to] of cuts) network.heal(from, to);
    await sleep(scene.random.between(1, 2 * tickMs));
  }
  return what;
}
