import { type ZkClient, isConnected, type OptionRules, rules } from '@zk/client-api';
import { filter } from 'rxjs';
import { type AcquireOptions, type LockOptions, lockRules } from '../locks/options.js';
import { type EnterOptions, type QueueRules, awaitTurn, enter, isTaken, nearest } from '../locks/queue.js';
import {
  CallScope,
  type Dialect,
  Hold,
  type HolderIdentity,
  LockLostError,
  type LossPolicy,
  type OwnNode,
  firstOf,
  identityBytes,
  isClientOver,
  isTransient,
} from '../support/index.js';

export interface ElectionOptions extends Omit<LockOptions, 'identity'> {
  /** What others see as the id of this candidate, as text. Takes the place of `identity`. */
  readonly id?: string | undefined;
  /** Written as JSON where there is no `id`. */
  readonly identity?: HolderIdentity | undefined;
}

export const electionRules: OptionRules<ElectionOptions> = { ...lockRules, id: rules.text, identity: rules.object };

/** One term of leadership. Releasing it resigns. */
export class Term extends Hold {}

/** What all who are led by this queue do: names, data, policy. */
export class Candidacy {
  readonly rules: QueueRules;
  readonly loss: LossPolicy;

  constructor(
    readonly client: ZkClient,
    path: string,
    marker: { readonly [D in Dialect]: string },
    private readonly options: ElectionOptions,
    defaultLoss: LossPolicy,
  ) {
    const { dialect = 'curator', loss = defaultLoss } = options;
    this.rules = { parent: path, dialect, marker: marker[dialect], markers: [marker[dialect]], blocker: nearest };
    this.loss = loss;
  }

  get enterOptions(): EnterOptions {
    const { id, identity, acl, parents } = this.options;
    return { data: () => identityBytes(this.client.runtime, id ?? identity), acl, parents };
  }

  /** Stands once, and wins or gives up. */
  async campaign(options: Pick<AcquireOptions, 'timeout' | 'signal'>, once = false): Promise<Term | undefined> {
    using scope = new CallScope(this.client.runtime, options);
    if (once && (await isTaken(this.client, this.rules, scope))) return undefined;
    const node = await enter(this.client, this.rules, scope, { ...this.enterOptions, once });
    return node === undefined ? undefined : new Term(this.client, node, { loss: this.loss });
  }

  /**
   * Terms, one at a time, until the signal aborts or the client is closed. Asking for the next one resigns. A term that
   * was lost with the connection only is followed by another one of the same node, if that has survived: nobody else
   * has led in between, and the token is the same.
   */
  async *terms(signal: AbortSignal): AsyncGenerator<Term, undefined> {
    const { client, loss } = this;
    while (!signal.aborted) {
      let node: OwnNode | undefined;
      try {
        node = await this.#place(signal);
        while (node !== undefined && node.isOurs()) {
          const term = new Term(client, node, { loss });
          if (!term.signal.aborted) yield term;
          if (!isLostWithConnection(term)) {
            await term.release();
            break;
          }
          node = await this.#regain(node, signal);
        }
      } catch (error) {
        if (signal.aborted || isClientOver(error)) return;
        throw error;
      } finally {
        // Whoever leaves the loop has resigned when the loop is left. What is refused here was refused before.
        await node?.remove().catch(() => undefined);
      }
    }
  }

  async #place(signal: AbortSignal): Promise<OwnNode | undefined> {
    using scope = new CallScope(this.client.runtime, { signal });
    return await enter(this.client, this.rules, scope, this.enterOptions);
  }

  /** With the node that was first before the connection was lost: looks again, once there is a connection. */
  async #regain(node: OwnNode, signal: AbortSignal): Promise<OwnNode | undefined> {
    await firstOf({ signals: [node.signal, signal], observables: [this.client.state$.pipe(filter(isConnected))] });
    try {
      // Guard of "stands again after its node has vanished while it was suspended" in election-faults.spec.ts (CURATOR-724).
      if (await awaitTurn(this.client, this.rules, node, { signal })) return node;
    } catch (error) {
      if (!node.signal.aborted && !isTransient(error)) throw error;
    }
    void node.remove();
    return undefined;
  }
}

function isLostWithConnection(term: Term): boolean {
  const { aborted, reason } = term.signal;
  return aborted && reason instanceof LockLostError && reason.reason === 'connectionLost';
}
