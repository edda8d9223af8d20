/** Clients in other languages that fewer people have than those with a peer of their own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { INTEROP_DIR, cached, must, needProgram } from '../install.ts';
import type { Program } from './program.ts';

const FOLDER = join(INTEROP_DIR, 'others');

/** A virtual environment with all that is written in Python here; resolves with its folder of programs. */
export async function installPython(): Promise<string> {
  needProgram('python3', 'Python 3.10 or later', 'On Debian: apt-get install -y python3 python3-venv');
  const requirements = join(FOLDER, 'requirements.txt');
  const venv = await cached('others-python', [], [requirements], async (folder) => {
    await must('python3', ['-m', 'venv', '--copies', folder]);
    await must(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  });
  return join(venv, 'bin');
}

const aiozk: Program = {
  title: 'aiozk 0.32.0 (Python)',
  install: async () => {
    const bin = await installPython();
    return async ({ report }, servers) => {
      const env = { PYTHONDONTWRITEBYTECODE: '1' };
      await report.program(join(bin, 'python'), [join(FOLDER, 'aiozk_peer.py'), servers], { env });
    };
  },
};

const samuel: Program = {
  title: 'samuel/go-zookeeper (Go)',
  install: async () => {
    needProgram('go', 'Go 1.21 or later', 'On Debian: apt-get install -y golang-go', 'version');
    const cwd = join(FOLDER, 'go');
    const inputs = ['go.mod', 'go.sum', 'main.go'].map((file) => join(cwd, file));
    const folder = await cached('others-go', [], inputs, async (target) => {
      await must('go', ['build', '-o', join(target, 'peer'), '.'], { cwd });
    });
    return async ({ report }, servers) => {
      await report.program(join(folder, 'peer'), [servers]);
    };
  },
};

const native: Program = {
  title: 'zookeeper 7.3.0 (npm), the C client as an addon',
  install: async () => {
    const manifest = join(FOLDER, 'native/package.json');
    const folder = await cached('others-native', [], [manifest], async (target) => {
      const wanted = JSON.parse(readFileSync(manifest, 'utf8')) as { dependencies: Record<string, string> };
      const names = Object.entries(wanted.dependencies).map(([name, version]) => `${name}@${version}`);
      await must('npm', ['install', '--prefix', target, '--no-save', '--no-audit', '--no-fund', ...names]);
    });
    return async ({ report }, servers) => {
      const env = { NODE_PATH: join(folder, 'node_modules') };
      await report.program(process.execPath, [join(FOLDER, 'native/peer.cjs'), servers], { env });
    };
  },
};

export const languagePrograms: readonly Program[] = [aiozk, samuel, native];
