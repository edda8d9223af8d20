import type { Agenda, SeededRandom } from '@zk/simulation';
import type { CommittedHistory } from '../checks/committed-history.js';
import { Operator } from '../operator.js';
import { CLIENT_PORT, OPERATOR_ADDRESS, clientAddress } from '../world/addresses.js';
import { Life } from '../world/life.js';
import type { Machine } from '../world/machine.js';
import type { SimulatedNetwork } from '../world/network.js';
import { REGISTER } from './register.js';
import { SessionClient, type SessionObserver } from './session-client.js';
import { Worker } from './workload.js';

export interface PopulationWorld {
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  /** All there are, in use or not. */
  readonly machines: readonly Machine[];
  readonly history: CommittedHistory;
  readonly observer: SessionObserver;
  readonly sessionTimeoutMs: number;
  readonly count: (what: string) => void;
}

/** Every third client is a reader. */
const READER_EVERY = 3;

/** Everybody who talks to the ensemble. */
export class Population {
  readonly workers: readonly Worker[];
  readonly operator: Operator | undefined;
  /** All of them. */
  readonly clients: readonly SessionClient[];
  readonly addresses: readonly string[];

  /** @param operatorRandom of somebody who changes the membership; absent: nobody does */
  constructor(
    private readonly world: PopulationWorld,
    count: number,
    operatorRandom: SeededRandom | undefined,
  ) {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    this.workers = numbers.map((number) => this.newWorker(number));
    this.operator = operatorRandom && this.newOperator(operatorRandom);
    const clients = this.workers.map(({ client }) => client);
    this.clients = this.operator === undefined ? clients : [...clients, this.operator.client];
    this.addresses = [...numbers.map(clientAddress), OPERATOR_ADDRESS];
  }

  start(): void {
    for (const client of this.clients) client.start();
    for (const worker of this.workers) worker.start();
  }

  /** Nobody wants anything any more. */
  rest(): void {
    this.operator?.rest();
    for (const worker of this.workers) worker.rest();
  }

  private newWorker(number: number): Worker {
    const { random, history } = this.world;
    const { client, life } = this.newClient(`client ${number}`, clientAddress(number));
    return new Worker(
      client,
      random,
      (delayMs, callback) => life.in(delayMs, callback),
      number % READER_EVERY === 0,
      () => history.tree.at(REGISTER, history.last)?.version ?? 0,
    );
  }

  private newOperator(random: SeededRandom): Operator {
    const { machines, count } = this.world;
    const { client, life } = this.newClient('the operator', OPERATOR_ADDRESS);
    return new Operator(client, { random, machines, count, later: (delayMs, action) => life.in(delayMs, action) });
  }

  private newClient(name: string, address: string): { readonly client: SessionClient; readonly life: Life } {
    const { agenda, random, network, machines, observer, sessionTimeoutMs: timeoutMs } = this.world;
    const life = new Life(agenda);
    const servers = (): string[] => machines.filter(({ isDeployed }) => isDeployed).map((machine) => machine.address);
    const options = { name, servers, port: CLIENT_PORT, timeoutMs };
    return { client: new SessionClient(network.at(address, life), life, random, options, observer), life };
  }
}
