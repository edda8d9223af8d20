import type { StateStore } from '@zk/contracts';
import { hex64 } from '@zk/model';
import type { EnsembleConfig, ServerId } from '@zk/quorum';
import { escapePropertyValue, parseProperties, type PropertyEntry } from '../properties.js';
import { isMemberKey, nextFileOf } from './dynamic-file.js';

/** What is known of the files when the server starts. */
export interface MembershipFilesStart {
  /** Name of the configuration file in its directory: `zoo.cfg`. */
  readonly name: string;
  /** Absolute path of that directory; it becomes part of `dynamicConfigFile`. */
  readonly directory: string;
  readonly serverId: ServerId;
  /** What the files say now. */
  readonly config: EnsembleConfig;
  readonly lastSeen: EnsembleConfig | undefined;
}

/**
 * Keeps the configuration of an ensemble beside `zoo.cfg` as Apache ZooKeeper does (spec: disk format, section 9): what
 * was proposed in `zoo.cfg.dynamic.next`, what is committed in `zoo.cfg.dynamic.<version>`, to which the static file
 * then points. A crash between two of the writes leaves the old configuration in force, or the new one, each with what
 * was seen last.
 *
 * Every method rejects when a file cannot be written. As with Apache ZooKeeper that need not end the server, which
 * learns the configuration from the others again after a start.
 */
export class MembershipFiles {
  private committedVersion: bigint;
  private seenVersion: bigint;
  /** Calls are performed one after the other. */
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly files: StateStore,
    private readonly start: MembershipFilesStart,
  ) {
    this.committedVersion = start.config.version;
    this.seenVersion = start.lastSeen?.version ?? start.config.version;
  }

  /** Copies the static file, members and all, before it is edited for the first time. */
  backUp(): Promise<void> {
    return this.inOrder(async () => this.files.write(`${this.start.name}.bak`, await this.staticText()));
  }

  /** Keeps a configuration that was proposed. One that is not newer than what was seen changes nothing. */
  seen(config: EnsembleConfig): Promise<void> {
    return this.inOrder(async () => {
      if (config.version <= this.seenVersion) return;
      await this.files.write(nextFileOf(this.start.name), textOf(config, true));
      this.seenVersion = config.version;
    });
  }

  /** Puts a configuration in force. One that is not newer than the present one changes nothing. */
  committed(config: EnsembleConfig): Promise<void> {
    return this.inOrder(async () => {
      if (config.version <= this.committedVersion) return;
      const { name, directory, serverId } = this.start;
      const dynamicName = `${name}.dynamic.${hex64(config.version)}`;
      await this.files.write(dynamicName, textOf(config, false));
      const namesClientPort = config.servers.get(serverId)?.client !== undefined;
      const pointer = `${directory.replace(/\/$/, '')}/${dynamicName}`;
      await this.files.write(name, pointedTo(await this.staticText(), pointer, namesClientPort));
      this.committedVersion = config.version;
      if (this.seenVersion > config.version) return;
      this.seenVersion = config.version;
      await this.files.remove(nextFileOf(name));
    });
  }

  private async staticText(): Promise<string> {
    const text = await this.files.read(this.start.name);
    if (text === undefined) throw new Error(`${this.start.directory}/${this.start.name} is gone`);
    return text;
  }

  private inOrder(perform: () => Promise<void>): Promise<void> {
    const performed = this.last.then(perform);
    this.last = performed.catch(() => undefined);
    return performed;
  }
}

/** As in Apache ZooKeeper: sorted lines, and no newline at the end. */
function textOf(config: EnsembleConfig, isWithVersion: boolean): string {
  return config.text
    .split('\n')
    .filter((line) => isWithVersion || !line.startsWith('version='))
    .sort()
    .join('\n');
}

const REPLACED: readonly string[] = ['dynamicConfigFile', 'peerType', 'version'];
const CLIENT_KEYS: readonly string[] = ['clientPort', 'clientPortAddress'];

/**
 * The static file without what the dynamic file says from now on, and with a pointer to it. Unlike Apache ZooKeeper's,
 * it keeps its order and its comments, and `clientPortListenBacklog`.
 */
function pointedTo(text: string, dynamicFile: string, namesClientPort: boolean): string {
  const isReplaced = ({ key }: PropertyEntry): boolean =>
    isMemberKey(key) || REPLACED.includes(key) || (namesClientPort && CLIENT_KEYS.includes(key));
  const dropped = new Set<number>();
  for (const entry of parseProperties(text).entries.filter(isReplaced)) {
    for (let line = entry.line; line <= entry.endLine; line++) dropped.add(line);
  }
  const lines = text.split(/\r\n|\n|\r/).filter((_line, at) => !dropped.has(at + 1));
  while (lines.at(-1)?.trim() === '') lines.pop();
  return [...lines, `dynamicConfigFile=${escapePropertyValue(dynamicFile)}`, ''].join('\n');
}
