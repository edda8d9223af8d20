import { utf8Text } from '@zk/jute';
import { ErrorCode, EventType, WatcherType } from '@zk/model';
import { type Client, type ClientPipeline, type ClientPipelineParts, LearnerPipeline } from '@zk/request-pipeline';
import type { Session } from '@zk/session';
import type { ZkServer } from '@zk/server';
import { CONFIG_PATH } from './clients/znodes.js';

export interface PlantedBug {
  readonly what: string;
  /** Puts it into a server that is about to start. */
  readonly alter: (server: ZkServer) => void;
  /** Faults that it takes for it to show, where chance would take its time. */
  readonly faultKinds?: readonly string[];
  /** How many of them. */
  readonly faults?: number;
  /** How much simulated time, where the usual is too short. */
  readonly durationMs?: number;
  /** How often the membership changes; absent: the seed decides. */
  readonly reconfigurations?: number;
}

/** What a pipeline does for itself, as far as bugs are planted there. */
interface InnerPipeline {
  read: (client: Client, bytes: Uint8Array, start: number, end: number) => void;
  answerRead: (client: Client, bytes: Uint8Array, start: number, end: number) => void;
  isBehind: (request: never) => boolean;
  establish: (client: Client, session: Session) => void;
  readonly parts: ClientPipelineParts;
  readonly replies: { readonly multi: { onOp: (type: number, error: number, ...rest: number[]) => void } };
  readonly reads: { readonly watchRequests: InnerWatchRequests };
}

interface InnerWatchRequests {
  setData: (client: Client, node: number, start: number, end: number, hi: number, lo: number) => void;
}

interface InnerLearner extends InnerPipeline {
  sync: (client: Client, xid: number, bytes: Uint8Array, start: number, end: number) => void;
  reattach: (client: Client, request: { readonly sessionHi: number; readonly sessionLo: number }) => void;
  adopt: (client: Client, hi: number, lo: number) => Session;
  readonly forwarded: InnerForwarded;
}

interface InnerForwarded {
  take: (session: Session, xid: number, passedOver: (request: never) => void) => unknown;
  forEachOf: (session: Session, visit: (request: { readonly xid: number }) => void) => void;
}

/** Alters each pipeline that the server gets. */
function inPipelines(change: (pipeline: ClientPipeline) => void): (server: ZkServer) => void {
  return (server) => {
    const serve = server.serve.bind(server);
    server.serve = (pipeline, sessions, acceptsClients) => {
      change(pipeline);
      serve(pipeline, sessions, acceptsClients);
    };
  };
}

function inEvery(change: (pipeline: InnerPipeline) => void): (server: ZkServer) => void {
  return inPipelines((pipeline) => change(pipeline as unknown as InnerPipeline));
}

function inLearners(change: (pipeline: InnerLearner) => void): (server: ZkServer) => void {
  return inPipelines((pipeline) => {
    if (pipeline instanceof LearnerPipeline) change(pipeline as unknown as InnerLearner);
  });
}

/** An event is written behind whatever the same input leads to. */
function deliverLate(pipeline: ClientPipeline): void {
  const deliver = pipeline.deliver.bind(pipeline);
  pipeline.deliver = (watcher, type, path, start, end, aclKey, hi, lo) => {
    const copy = path.slice(start, end);
    queueMicrotask(() => deliver(watcher, type, copy, 0, copy.length, aclKey, hi, lo));
  };
}

function firesOnce(pipeline: ClientPipeline): void {
  const deliver = pipeline.deliver.bind(pipeline);
  const { watches } = (pipeline as unknown as InnerPipeline).parts;
  pipeline.deliver = (watcher, type, path, start, end, ...rest) => {
    deliver(watcher, type, path, start, end, ...rest);
    const copy = path.slice(start, end);
    queueMicrotask(() => watches.remove(watcher, copy, 0, copy.length, WatcherType.persistent));
  };
}

function takeByPosition({ forwarded }: InnerLearner): void {
  const take = forwarded.take.bind(forwarded);
  forwarded.take = (session, xid, passedOver) => {
    let first: number | undefined;
    forwarded.forEachOf(session, (request) => (first ??= request.xid));
    return take(session, first ?? xid, passedOver);
  };
}

function setWatchesBlindly({ reads: { watchRequests } }: InnerPipeline): void {
  const setData = watchRequests.setData.bind(watchRequests);
  watchRequests.setData = (client, node, start, end) => setData(client, node, start, end, 0x7fff_ffff, -1);
}

/** What a server knows of its ensemble, as far as bugs are planted there. */
interface InnerMembership {
  committed: unknown;
  publish: (tree: unknown) => void;
}

/** What the connections of a server share, as far as bugs are planted there. */
interface InnerDesk {
  readonly stalledConnections: ReadonlySet<unknown>;
  readonly pool: { giveBack: (buffer: Uint8Array) => void };
  stalled: (connection: { readonly leaving: Uint8Array }) => void;
}

function inDesk(change: (desk: InnerDesk) => void): (server: ZkServer) => void {
  return (server) => change((server as unknown as { readonly desk: InnerDesk }).desk);
}

/**
 * Deliberate bugs in whole servers: each leaves out one precaution, as somebody might who thought it did not matter. A
 * simulation that does not find them has checkers that do not bite.
 */
export const PLANTED: Readonly<Record<string, PlantedBug>> = {
  'event-after-reply': {
    what: 'a watched event is sent behind the reply that shows the change',
    alter: inPipelines(deliverLate),
  },
  'event-lost': {
    what: 'a deletion is told to nobody',
    alter: inPipelines((pipeline) => {
      const deliver = pipeline.deliver.bind(pipeline);
      pipeline.deliver = (watcher, type, ...rest) => {
        if (type !== EventType.nodeDeleted) deliver(watcher, type, ...rest);
      };
    }),
  },
  'persistent-fires-once': {
    what: 'a persistent watch is gone when it has been told of a change',
    alter: inPipelines(firesOnce),
  },
  'child-told-twice': {
    what: 'that children have changed is told twice',
    alter: inPipelines((pipeline) => {
      const deliver = pipeline.deliver.bind(pipeline);
      pipeline.deliver = (watcher, type, ...rest) => {
        deliver(watcher, type, ...rest);
        if (type === EventType.nodeChildrenChanged) deliver(watcher, type, ...rest);
      };
    }),
  },
  'ttl-halved': {
    what: 'a TTL znode is removed when half of its time is over',
    alter: inEvery(({ parts: { tree } }) => {
      const ttlMs = tree.ttlMs.bind(tree);
      tree.ttlMs = (node) => ttlMs(node) / 2;
    }),
  },
  'container-stays': {
    what: 'containers are never removed',
    alter: inEvery(({ parts: { tree } }) => {
      tree.containers = () => [];
    }),
  },
  'expired-not-closed': {
    what: 'a session that expires is forgotten, and its ephemerals stay',
    alter: (server) => {
      server.expireSession = (session) => server.sessions.remove(session);
    },
  },
  'early-read': {
    what: 'a read does not wait for the write before it',
    alter: inEvery((pipeline) => {
      pipeline.read = (client, bytes, start, end) => pipeline.answerRead(client, bytes, start, end);
    }),
  },
  'sync-at-once': {
    what: 'a follower answers sync by itself',
    alter: inLearners((pipeline) => {
      pipeline.sync = (client, _xid, bytes, start, end) => pipeline.read(client, bytes, start, end);
    }),
  },
  'revalidate-unasked': {
    what: 'a follower takes a session on without asking the leader',
    alter: inLearners((pipeline) => {
      pipeline.reattach = (client, { sessionHi, sessionLo }) =>
        pipeline.establish(client, pipeline.adopt(client, sessionHi, sessionLo));
    }),
  },
  'matched-by-position': {
    what: 'what the leader decided is taken for the oldest request of its session, whatever its xid',
    alter: inLearners(takeByPosition),
  },
  'touch-untold': {
    what: 'a follower does not tell its leader which sessions it has heard of',
    alter: inLearners((pipeline) => {
      (pipeline as unknown as LearnerPipeline).takeTouched = () => undefined;
    }),
  },
  'snapshot-ahead-of-log': {
    what: 'a snapshot is written although the log does not have everything up to it for good',
    alter: ({ snapshotter }) => {
      snapshotter.isLogged = () => true;
    },
    faultKinds: ['power-failure-at-snapshot'],
  },
  'snapshot-not-abandoned': {
    what: 'a snapshot goes on being written when its server stops serving',
    alter: ({ snapshotter }) => {
      snapshotter.abandon = () => Promise.resolve();
    },
    faultKinds: ['deposed-at-snapshot'],
    faults: 20,
    durationMs: 8000,
    reconfigurations: 0,
  },
  'behind-client': {
    what: 'a client is served that has seen more than the server has',
    alter: inEvery((pipeline) => {
      pipeline.isBehind = () => false;
    }),
    faultKinds: ['suspend-and-partition'],
  },
  'config-of-the-start': {
    what: 'a server that begins to serve shows the configuration that it was started with',
    alter: (server) => {
      const { membership } = (server as unknown as { readonly replica: { readonly membership: InnerMembership } })
        .replica;
      const { committed: first } = membership;
      const publish = membership.publish.bind(membership);
      membership.publish = (tree) => {
        const { committed } = membership;
        membership.committed = first;
        publish(tree);
        membership.committed = committed;
      };
    },
    reconfigurations: 4,
  },
  'reconfiguration-untold': {
    what: 'whoever watches the configuration is not told that it has changed',
    alter: inPipelines((pipeline) => {
      const deliver = pipeline.deliver.bind(pipeline);
      pipeline.deliver = (watcher, type, path, start, end, ...rest) => {
        if (utf8Text(path, start, end) !== CONFIG_PATH) deliver(watcher, type, path, start, end, ...rest);
      };
    }),
    reconfigurations: 4,
  },
  'multi-blames-all': {
    what: 'of a multi that fails all parts are said to have failed in the same way',
    alter: inEvery(({ replies: { multi } }) => {
      const onOp = multi.onOp.bind(multi);
      let culprit = 0;
      multi.onOp = (type, error, ...rest) => {
        if (error !== ErrorCode.RUNTIMEINCONSISTENCY) culprit = error;
        onOp(type, error === ErrorCode.RUNTIMEINCONSISTENCY ? culprit : error, ...rest);
      };
    }),
  },
  'one-waits-all-wait': {
    what: 'while some client does not read, the requests of others wait',
    alter: inDesk((desk) => {
      Object.defineProperty(desk, 'isCongested', { get: () => desk.stalledConnections.size > 0 });
    }),
  },
  'reused-too-early': {
    what: 'memory is used again while bytes in it wait for a client that does not read',
    alter: inDesk((desk) => {
      const stalled = desk.stalled.bind(desk);
      desk.stalled = (connection) => {
        stalled(connection);
        desk.pool.giveBack(connection.leaving);
      };
    }),
  },
  'blind-set-watches': {
    what: 'a watch that is set again does not look at what has changed in between',
    alter: inEvery(setWatchesBlindly),
  },
};

/** @throws Error when there is none of that name */
export function plantedBug(name: string): PlantedBug {
  const bug = PLANTED[name];
  if (bug !== undefined) return bug;
  throw new Error(`no planted bug is called ${name}; there are ${Object.keys(PLANTED).join(', ')}`);
}
