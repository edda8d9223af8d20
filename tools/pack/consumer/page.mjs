// A page that uses the published client, and reports to the server it came from.
import { connect, utf8 } from '@zk/client';

const { servers, path, isAllowed } = JSON.parse(globalThis.query);

try {
  const text = isAllowed ? await talk() : await knock();
  await report({ isFine: true, text });
} catch (error) {
  await report({ isFine: false, text: String(error?.stack ?? error) });
}

async function talk() {
  const client = await connect(servers, { webSocket: { path }, sessionTimeout: '10s' });
  await client.create('/page', navigator.userAgent, { codec: utf8, mode: 'ephemeral' });
  const events = [];
  const watching = await client.watch('/page').start((item) => events.push(item.type));
  await client.set('/page', new Uint8Array(300_000).fill(7));
  const { data, stat } = await client.get('/page');
  if (data.length !== 300_000 || data[299_999] !== 7 || stat.version !== 1)
    throw new Error('the data came back changed');
  if (!events.includes('dataChanged')) throw new Error(`the watch told ${events.join() || 'nothing'}`);
  await watching.unsubscribe();
  await client.close();
  return `session 0x${stat.ephemeralOwner.toString(16)}`;
}

async function knock() {
  try {
    const client = await connect(servers, { webSocket: { path }, requestTimeout: '2s' });
    await client.close();
  } catch (error) {
    return error.name;
  }
  throw new Error('a page of a foreign origin was let in');
}

async function report(outcome) {
  await fetch('/report', { method: 'POST', body: JSON.stringify(outcome) });
}
