import { EventType } from '@zk/model';
import type { RawClient, WatchedEvent } from '@zk/test-client';
import { Harness } from './harness.js';

const names = new Map<number, string>(Object.entries(EventType).map(([name, value]) => [value, name]));

/** Events as `type path`. */
export const told = (events: readonly WatchedEvent[]): string[] =>
  events.map((event) => `${names.get(event.type)} ${event.path}`);

/** Everything that client has been told since it was asked last. */
export async function heardBy(client: RawClient): Promise<string[]> {
  await client.sync();
  return told(client.takeEvents());
}

export interface WatchScene {
  readonly harness: Harness;
  readonly watcher: RawClient;
  readonly writer: RawClient;
}

/** For each test of a suite a scene of its own; its server must not log an error. */
export function watchSceneForEach(): WatchScene {
  const scene = {} as WatchScene;
  beforeEach(async () => {
    Object.assign(scene, await openWatchScene());
  });
  afterEach(() => scene.harness.end());
  return scene;
}

/** A server with `/p`, `/p/n` and `/p/n/c`, one client that watches and one that writes. */
async function openWatchScene(): Promise<WatchScene> {
  const harness = await new Harness().start();
  const watcher = await harness.connect();
  const writer = await harness.connect();
  await writer.create('/p', 'p');
  await writer.create('/p/n', 'n');
  await writer.create('/p/n/c', 'c');
  return { harness, watcher, writer };
}
