/** The client in a page: bundled for browsers, run by a headless Chromium, over WebSocket to our server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const BROWSERS = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'chrome-headless-shell'];
const PAGE_TIMEOUT_MS = 60_000;

/** A browser of this machine: `CHROME_PATH`, or one in the path. */
export function findBrowser(): string | undefined {
  const given = process.env['CHROME_PATH'];
  if (given !== undefined && existsSync(given)) return given;
  return BROWSERS.find((name) => spawnSync('which', [name]).status === 0);
}

/** On Debian and as root; elsewhere nothing happens. */
export function installBrowser(): void {
  if (process.getuid?.() !== 0 || spawnSync('which', ['apt-get']).status !== 0) return;
  const apt = (...args: string[]): void => void spawnSync('apt-get', ['-qq', ...args], { stdio: 'ignore' });
  apt('update');
  apt('install', '--yes', '--no-install-recommends', BROWSERS[0]!);
}

export interface Bundle {
  readonly file: string;
  readonly sizeBytes: number;
  readonly minifiedBytes: number;
}

/** @throws Error when anything in it is for Node only */
export async function bundlePage(project: string): Promise<Bundle> {
  copyFileSync(path.join(import.meta.dirname, 'consumer', 'page.mjs'), path.join(project, 'page.mjs'));
  const options: BuildOptions = {
    absWorkingDir: project,
    entryPoints: ['page.mjs'],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
  };
  const file = path.join(project, 'page.bundle.js');
  const minifiedFile = path.join(project, 'page.min.js');
  await build({ ...options, outfile: file });
  await build({ ...options, outfile: minifiedFile, minify: true });
  return {
    file,
    sizeBytes: statSync(file).size,
    minifiedBytes: statSync(minifiedFile).size,
  };
}

/** What a page says about itself. */
export interface PageReport {
  readonly isFine: boolean;
  readonly text: string;
}

/** Serves a page with the bundle and hears its report. Two of them have two origins. */
export class PageServer {
  private readonly server: Server;
  private heard: (report: PageReport) => void = () => undefined;

  private constructor(bundle: string, query: () => string) {
    this.server = createServer((request, response) => {
      if (request.method === 'POST') {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          response.end();
          this.heard(JSON.parse(body) as PageReport);
        });
      } else if (request.url === '/bundle.js') {
        response.setHeader('content-type', 'text/javascript');
        response.end(readFileSync(bundle));
      } else {
        response.setHeader('content-type', 'text/html');
        response.end(
          `<!doctype html><script>query = ${JSON.stringify(query())}</script><script type="module" src="/bundle.js"></script>`,
        );
      }
    });
  }

  /** @param query what the page is told, as `host:port` and such */
  static async start(bundle: string, query: () => string): Promise<PageServer> {
    const page = new PageServer(bundle, query);
    await new Promise<void>((resolve) => page.server.listen(0, '127.0.0.1', resolve));
    return page;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Shows the page to the browser until it has reported. */
  async visit(browser: string): Promise<PageReport> {
    const report = new Promise<PageReport>((resolve) => (this.heard = resolve));
    const profile = mkdtempSync(path.join(tmpdir(), 'zk-page-'));
    const flags = ['--headless', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${profile}`];
    if (process.getuid?.() === 0) flags.push('--no-sandbox');
    // The port makes it stay: without a task of that kind a headless shell prints the page and goes. A group of its
    // own, because what is called may be a script, and the browser has children.
    const child = spawn(browser, [...flags, '--remote-debugging-port=0', `${this.origin}/`], {
      stdio: 'ignore',
      detached: true,
    });
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<PageReport>((resolve) => {
      timer = setTimeout(() => resolve({ isFine: false, text: 'the page did not report' }), PAGE_TIMEOUT_MS);
      child.on('error', (error) => resolve({ isFine: false, text: error.message }));
    });
    const outcome = await Promise.race([report, silence]);
    clearTimeout(timer);
    await ended(child);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    return outcome;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGKILL');
  await exit;
}
