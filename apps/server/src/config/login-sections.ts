import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../errors.js';
import { parseJaas, type JaasFile, type LoginModule } from './jaas.js';
import type { SettingReader } from './setting-reader.js';

const KEY = 'java.security.auth.login.config';
const DIGEST_LOGIN = 'org.apache.zookeeper.server.auth.DigestLoginModule';

/** The JAAS file of the settings. */
export interface LoginSections {
  /** For messages. */
  readonly where: string;
  /** As the user wrote it. */
  readonly location: string;
  /** The modules of a section; undefined: there is none. A module other than DIGEST-MD5's is a problem. */
  section(name: string): readonly LoginModule[] | undefined;
}

/** undefined when no such file is set, or when it cannot be read, which is a problem. */
export function openJaas(reader: SettingReader, workingDirectory: string): LoginSections | undefined {
  const location = reader.text(KEY);
  if (location === undefined) return undefined;
  const where = `${reader.where(KEY)}: ${KEY}`;
  let file: JaasFile;
  try {
    file = parseJaas(readFileSync(resolve(workingDirectory, location.replace(/^file:(\/\/)?(?=\/)/, '')), 'utf8'));
  } catch (error) {
    const problem = `${where}: ${location} cannot be read: ${messageOf(error)}`;
    // Clients' logins and members' may both come from the file.
    if (!reader.problems.includes(problem)) reader.problems.push(problem);
    return undefined;
  }
  const section = (name: string): readonly LoginModule[] | undefined => {
    const modules = file.get(name);
    const foreign = modules?.find((module) => module.name !== DIGEST_LOGIN);
    if (foreign !== undefined) {
      reader.problems.push(
        `${where}: section "${name}" of ${location} names ${foreign.name}; only ${DIGEST_LOGIN} (DIGEST-MD5) can be ` +
          'used here, not Kerberos',
      );
    }
    return modules;
  };
  return { where, location, section };
}

/** Names with passwords, of the options `user_<name>`. */
export function usersOf(modules: readonly LoginModule[]): readonly (readonly [name: string, password: string])[] {
  return modules
    .flatMap(({ options }) => [...options])
    .filter(([option]) => option.startsWith('user_'))
    .map(([option, password]) => [option.slice('user_'.length), password] as const);
}
