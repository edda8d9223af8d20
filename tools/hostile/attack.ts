/** Many connections that behave badly at the same time, at a steady pace. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../lib/random.js';
import { body, ByteWriter, connectPayload, frame, Op } from '../lib/wire.js';
import { mutatedFrame } from './mutate.js';

export interface AttackSettings {
  readonly port: number;
  readonly random: SeededRandom;
  readonly corpus: readonly Buffer[];
  readonly frames: number;
  readonly connections: number;
  readonly concurrent: number;
  /** At most. */
  readonly framesPerSecond: number;
  /** Large znode that stalled readers ask for. */
  readonly largePath: string;
  /** Nobody can be attacked any more. */
  readonly isLost: () => boolean;
}

export interface AttackCounts {
  frames: number;
  connections: number;
  byKind: Record<string, number>;
}

/** Short, so that the sessions of dropped connections are gone soon. */
const SESSION_TIMEOUT_MS = 1_000;

/** Starts it; `counts` grow until `ended` resolves. */
export function attack(settings: AttackSettings): { readonly counts: Readonly<AttackCounts>; ended: Promise<unknown> } {
  const run = new Attack(settings);
  return { counts: run.counts, ended: Promise.all(Array.from({ length: settings.concurrent }, () => run.slot())) };
}

class Attack {
  readonly counts: AttackCounts = { frames: 0, connections: 0, byKind: {} };
  private readonly startedAt = performance.now();
  private readonly kinds: readonly [string, number, (socket: Socket) => Promise<void>][] = [
    ['mutated requests', 68, (socket) => this.mutatedRequests(socket)],
    ['garbage', 8, (socket) => this.garbage(socket)],
    ['bad lengths', 5, (socket) => this.badLengths(socket)],
    ['mutated ConnectRequest', 8, (socket) => this.mutatedConnect(socket)],
    ['words', 4, (socket) => this.words(socket)],
    ['half-open', 5, () => delay(this.settings.random.below(1_500))],
    ['stalled', 2, (socket) => this.stalled(socket)],
  ];

  constructor(private readonly settings: AttackSettings) {}

  /** One connection after the other until both quotas are met. */
  async slot(): Promise<void> {
    const { settings, counts } = this;
    while (!settings.isLost() && (counts.frames < settings.frames || counts.connections < settings.connections)) {
      let roll = settings.random.below(100);
      const kind = this.kinds.find(([, weight]) => (roll -= weight) < 0) ?? this.kinds[0];
      if (kind === undefined) return;
      const [name, , act] = kind;
      counts.connections++;
      await this.connectionDue();
      counts.byKind[name] = (counts.byKind[name] ?? 0) + 1;
      await this.onConnection(act);
    }
  }

  private async onConnection(act: (socket: Socket) => Promise<void>): Promise<void> {
    const socket = connect({ port: this.settings.port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined); // a reset is one of the right answers
    socket.on('data', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await Promise.race([once(socket, 'connect').catch(() => undefined), closed]);
    if (!socket.destroyed) await Promise.race([act(socket), closed]);
    if (this.settings.random.chance(0.5)) socket.end();
    else socket.resetAndDestroy();
    await Promise.race([closed, delay(200)]);
    socket.destroy();
  }

  /** Connections are spread evenly over the time that the frames take. */
  private async connectionDue(): Promise<void> {
    const { frames, connections, framesPerSecond } = this.settings;
    const spacingMs = (frames / framesPerSecond / Math.max(1, connections)) * 1_000;
    const early = this.startedAt + this.counts.connections * spacingMs - performance.now();
    if (early > 1) await delay(early);
  }

  /** Waits until the frames sent so far are due, and counts `frames` more. */
  private async pace(frames: number): Promise<void> {
    this.counts.frames += frames;
    const dueAt = this.startedAt + (this.counts.frames / this.settings.framesPerSecond) * 1_000;
    const early = dueAt - performance.now();
    if (early > 1) await delay(early);
  }

  private async mutatedRequests(socket: Socket): Promise<void> {
    const { random, corpus, frames, connections } = this.settings;
    socket.write(frame(connectPayload(SESSION_TIMEOUT_MS)));
    await answered(socket, 2_000);
    const share = frames / Math.max(1, connections * 0.68);
    for (let left = random.between(1, Math.ceil(2 * share)); left > 0 && !socket.destroyed;) {
      const count = Math.min(left, random.between(1, 20));
      await this.pace(count);
      const batch = Array.from({ length: count }, () => mutatedFrame(random, corpus));
      if (!socket.write(Buffer.concat(batch)))
        await Promise.race([once(socket, 'drain').catch(() => undefined), delay(1_000)]);
      left -= count;
    }
    if (socket.destroyed) return;
    socket.write(frame(new ByteWriter().int32(-2).int32(Op.ping).take()));
    await answered(socket, 500);
  }

  private async garbage(socket: Socket): Promise<void> {
    await this.pace(1);
    socket.write(this.settings.random.bytes(this.settings.random.between(1, 2_000)));
    await delay(this.settings.random.below(50));
  }

  private async badLengths(socket: Socket): Promise<void> {
    const { random } = this.settings;
    await this.pace(1);
    const length = random.pick([-1, -2_147_483_648, 0x7fffffff, 0x200000, 0xfffff, 1_000]);
    if (random.chance(0.5)) {
      socket.write(frame(connectPayload(SESSION_TIMEOUT_MS)));
      await answered(socket, 2_000);
    }
    socket.write(Buffer.concat([new ByteWriter().int32(length).take(), random.bytes(random.below(900))]));
    await delay(random.below(300));
  }

  private async mutatedConnect(socket: Socket): Promise<void> {
    const { random } = this.settings;
    await this.pace(1);
    const bytes = frame(connectPayload(SESSION_TIMEOUT_MS));
    for (let i = random.between(1, 3); i > 0; i--) bytes[4 + random.below(bytes.length - 4)] = random.below(256);
    socket.write(random.chance(0.3) ? bytes.subarray(0, random.between(1, bytes.length)) : bytes);
    await delay(random.below(100));
  }

  private async words(socket: Socket): Promise<void> {
    const { random } = this.settings;
    await this.pace(1);
    const word = random.chance(0.5)
      ? random.pick(['ruok', 'srvr', 'stat', 'mntr', 'cons', 'wchs', 'dump', 'envi', 'conf', 'isro'])
      : '';
    socket.write(word === '' ? random.bytes(4) : word.slice(0, random.between(1, 4)));
    await delay(random.below(100));
  }

  /** Asks for much and reads nothing. */
  private async stalled(socket: Socket): Promise<void> {
    socket.write(frame(connectPayload(SESSION_TIMEOUT_MS)));
    await answered(socket, 2_000);
    socket.pause();
    const count = 300;
    await this.pace(count);
    const read = body.pathAndFlag(this.settings.largePath, false);
    const requests = Array.from({ length: count }, (_, i) =>
      frame(
        new ByteWriter()
          .int32(i + 1)
          .int32(Op.getData)
          .raw(read)
          .take(),
      ),
    );
    socket.write(Buffer.concat(requests));
    await delay(this.settings.random.between(200, 1_500));
  }
}

async function answered(socket: Socket, limitMs: number): Promise<void> {
  await Promise.race([once(socket, 'data').catch(() => undefined), delay(limitMs)]);
}
