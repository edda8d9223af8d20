import type { Setting } from './settings.js';

/** One `server.N` line (spec: operations, section 4.1), as far as a standalone server needs to understand it. */
export interface Member {
  readonly serverId: string;
  readonly role: 'participant' | 'observer';
  readonly clientAddress: { readonly host: string | undefined; readonly port: number } | undefined;
  readonly where: string;
}

const FORM = 'host:quorumPort:electionPort[:participant|observer][;[clientHost:]clientPort]';

/** Parses the value of a member line; a string says what is wrong with it. */
export function parseMember(setting: Setting): Member | string {
  const serverId = setting.name.slice('server.'.length);
  const wrong = `${setting.where}: ${setting.name} must have the form ${FORM}, got "${setting.text}"`;
  if (!/^\d+$/.test(serverId)) return `${setting.where}: the id in ${setting.name} must be a whole number`;
  const parts = setting.text.split(';');
  if (parts.length > 2) return wrong;
  let role: Member['role'] = 'participant';
  for (const address of (parts[0] ?? '').split('|')) {
    const match = /^(\[[^\]]+\]|[^:]+):(\d+):(\d+)(?::(participant|observer))?$/i.exec(address.trim());
    if (match === null || Number(match[2]) > 65_535 || Number(match[3]) > 65_535) return wrong;
    if (match[2] === match[3]) return `${setting.where}: ${setting.name} uses port ${match[2]} twice`;
    if (match[4]?.toLowerCase() === 'observer') role = 'observer';
  }
  if (parts[1] === undefined) return { serverId, role, clientAddress: undefined, where: setting.where };
  const client = /^(?:(\[[^\]]+\]|[^:]+):)?(\d+)$/.exec(parts[1].trim());
  if (client === null || Number(client[2]) > 65_535) return wrong;
  const host = client[1]?.replace(/^\[|\]$/g, '');
  return { serverId, role, clientAddress: { host, port: Number(client[2]) }, where: setting.where };
}

/** What the member lines mean for a server that runs alone; `problem` when it must not start. */
export function judgeMembers(
  members: readonly Member[],
  standalone: { enabled: boolean; where: string },
): string | undefined {
  const participants = members.filter((member) => member.role === 'participant');
  const first = members[0];
  if (participants.length > 1) {
    return (
      `${participants[0]?.where}: this file describes an ensemble of ${participants.length} participants, and this ` +
      'version does not form ensembles: it runs one standalone server. Keep one server.N line or none to run standalone'
    );
  }
  if (first !== undefined && members.length > participants.length) {
    return (
      `${first.where}: this file names observers, and this version does not form ensembles: it runs one standalone ` +
      'server. Remove the server.N lines to run standalone'
    );
  }
  if (!standalone.enabled) {
    return (
      `${standalone.where}: standaloneEnabled=false asks for an ensemble even of one server, and this version does not ` +
      'form ensembles: it runs one standalone server. Remove the line to run standalone'
    );
  }
  return undefined;
}
