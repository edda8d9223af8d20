// A page in strict TypeScript, without the types of Node. Compiled only.
import { type ClientOptions, type ZkClient, connect, json } from '@zk/client';
import { LeaderLatch, Mutex } from '@zk/recipes';

const options: ClientOptions = { webSocket: { path: '/zk', secure: true }, sessionTimeout: '10s' };

export async function show(servers: string, element: HTMLElement): Promise<void> {
  const client: ZkClient = await connect(servers, options);
  const { data } = await client.get('/title', { codec: json<{ readonly title: string }>() });
  element.textContent = data.title;
  client.state$.subscribe((state) => (element.className = state));
  const hold = await new Mutex(client, '/editing').acquire();
  hold.signal.addEventListener('abort', () => element.remove());
  await using latch = new LeaderLatch(client, '/leader');
  element.title = String(latch.hasLeadership);
}
