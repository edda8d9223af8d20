import type { Agenda } from './agenda.js';
import type { Checkers } from './checkers.js';
import type { Host } from './host.js';
import type { SeededRandom } from './random.js';

/** A client does not wait longer for an answer; whether its write was done, it does not know then. */
const PATIENCE_MS = 3000;

interface Client {
  outstanding: Set<number>;
  host: Host | undefined;
  session: number;
}

/** Clients that write, each through one server, several writes at a time, and go elsewhere when their server fails. */
export class Clients {
  private readonly clients: Client[] = [];
  private readonly owners = new Map<number, Client>();
  private nextId = 1;
  private nextSession = 1;
  private isStopped = false;
  /** Some runs are busy, some are mostly idle: there is more time in the latter for the same number of events. */
  private readonly thinkMs: number;

  constructor(
    private readonly agenda: Agenda,
    private readonly random: SeededRandom,
    private readonly checkers: Checkers,
    private readonly hosts: readonly Host[],
    count: number,
  ) {
    this.thinkMs = random.duration(10, 1000);
    for (let i = 0; i < count; i++) {
      const client: Client = { outstanding: new Set(), host: undefined, session: 0 };
      this.clients.push(client);
      this.later(client);
    }
  }

  get outstanding(): number {
    return this.owners.size;
  }

  stop(): void {
    this.isStopped = true;
  }

  /** A server applied a write; if its client is there, the client is told. */
  applied(host: Host, id: number): void {
    const client = this.owners.get(id);
    if (client === undefined || client.host !== host) return;
    this.forget(client, id);
    this.checkers.acknowledged(id);
  }

  stopped(host: Host): void {
    for (const client of this.clients) {
      if (client.host !== host) continue;
      client.host = undefined;
      for (const id of [...client.outstanding]) this.forget(client, id);
    }
  }

  private later(client: Client): void {
    this.agenda.in(this.random.duration(1, this.thinkMs), () => {
      if (this.isStopped) return;
      this.write(client);
      this.later(client);
    });
  }

  private write(client: Client): void {
    const host = client.host ?? this.random.pick(this.hosts);
    if (!host.isServing) return;
    if (client.host === undefined) client.session = this.nextSession++;
    client.host = host;
    const burst = this.random.chance(0.2) ? this.random.between(2, 6) : 1;
    for (let i = 0; i < burst && client.outstanding.size < 12; i++) this.writeOne(client, host);
  }

  private writeOne(client: Client, host: Host): void {
    const id = this.nextId++;
    client.outstanding.add(id);
    this.owners.set(id, client);
    this.checkers.began(id, client.session);
    if (!host.submit(id)) this.forget(client, id);
    else this.agenda.in(PATIENCE_MS, () => this.giveUp(client, id));
  }

  private giveUp(client: Client, id: number): void {
    if (!client.outstanding.has(id)) return;
    this.forget(client, id);
    client.host = undefined;
  }

  private forget(client: Client, id: number): void {
    client.outstanding.delete(id);
    this.owners.delete(id);
  }
}
