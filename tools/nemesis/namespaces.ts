/**
 * Network namespaces, one per member, on a bridge. A link is cut in one direction by pointing the sender's neighbour
 * entry at an address that nobody has: packets vanish silently, as on a broken wire, and TCP finds out by itself.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { CLIENTS, type Network } from './network.js';

const NOBODY = '02:00:00:00:ff:ff';
const NAMES = '/run/netns';

export class Namespaces implements Network {
  readonly description = 'network namespaces on a bridge';
  readonly reachesClients = true;
  private readonly cuts = new Set<string>();
  private readonly subnet = `10.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}`;
  private readonly bridge = `zkb${process.pid}`;

  constructor(private readonly members: number) {
    removeStale();
    process.once('exit', this.dispose);
    ip('link', 'add', this.bridge, 'address', macOf(CLIENTS), 'type', 'bridge');
    ip('addr', 'add', `${this.addressOf(CLIENTS)}/24`, 'dev', this.bridge);
    ip('link', 'set', this.bridge, 'up');
    for (let member = 1; member <= members; member++) this.addMember(member);
    this.healAll();
  }

  /** Why there can be none here; undefined where there can. */
  static whyMissing(): string | undefined {
    if (process.getuid?.() !== 0) return 'network namespaces need root';
    const name = `zkn${process.pid}x0`;
    const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
    if (made.error !== undefined || made.status !== 0) return `ip netns add: ${made.error?.message ?? made.stderr}`;
    spawnSync('ip', ['netns', 'del', name]);
    return undefined;
  }

  addressOf(member: number): string {
    return `${this.subnet}.${member === CLIENTS ? 254 : member}`;
  }

  wrapperOf(member: number): readonly string[] {
    return ['nsenter', `--net=${NAMES}/${nameOf(member)}`];
  }

  cut(from: number, to: number): void {
    this.cuts.add(`${from} ${to}`);
    this.point(from, to, NOBODY);
  }

  heal(from: number, to: number): void {
    if (this.cuts.delete(`${from} ${to}`)) this.point(from, to, macOf(to));
  }

  healAll(): void {
    for (let from = CLIENTS; from <= this.members; from++) {
      for (let to = CLIENTS; to <= this.members; to++) if (from !== to) this.point(from, to, macOf(to));
    }
    this.cuts.clear();
  }

  readonly dispose = (): void => {
    for (let member = 1; member <= this.members; member++) spawnSync('ip', ['netns', 'del', nameOf(member)]);
    spawnSync('ip', ['link', 'del', this.bridge]);
  };

  private addMember(member: number): void {
    const name = nameOf(member);
    const outside = `zk${process.pid}-${member}`;
    ip('netns', 'add', name);
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name, 'address', macOf(member));
    ip('link', 'set', outside, 'master', this.bridge, 'up');
    ip('-n', name, 'addr', 'add', `${this.addressOf(member)}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  private point(from: number, to: number, mac: string): void {
    const [where, device] = from === CLIENTS ? [[], this.bridge] : [['-n', nameOf(from)], 'eth0'];
    ip(...where, 'neigh', 'replace', this.addressOf(to), 'lladdr', mac, 'nud', 'permanent', 'dev', device);
  }
}

function nameOf(member: number): string {
  return `zkn${process.pid}x${member}`;
}

function macOf(member: number): string {
  return `02:00:00:00:00:${(member + 1).toString(16).padStart(2, '0')}`;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Removes what a run left behind that was killed. */
function removeStale(): void {
  if (!existsSync(NAMES)) return;
  for (const name of readdirSync(NAMES)) {
    const pid = /^zkn(\d+)x\d+$/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    spawnSync('ip', ['netns', 'del', name]);
    spawnSync('ip', ['link', 'del', `zkb${pid}`]);
  }
}
