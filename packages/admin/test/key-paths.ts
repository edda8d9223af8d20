/** Keys whose own keys are ids, times or paths: any of them stands for all. */
export const OPEN_MAPS: ReadonlySet<string> = new Set([
  'expiry_time_to_session_ids',
  'session_id_to_ephemeral_paths',
  'session_id_to_watched_paths',
  'path_to_session_ids',
  'current_config',
]);

/** Keys in their order, one path each; of a list the first item counts. Apache gives those of `server_stats` in any order. */
export function keyPaths(value: unknown, prefix = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : keyPaths(value[0], `${prefix}[]`);
  if (typeof value !== 'object' || value === null) return [];
  const name = /[^.[\]]*$/.exec(prefix)?.[0] ?? '';
  if (OPEN_MAPS.has(name)) return keyPaths(Object.values(value)[0], `${prefix}.*`);
  const paths = Object.entries(value).flatMap(([key, item]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return [path, ...keyPaths(item, path)];
  });
  return name === 'server_stats' ? paths.sort() : paths;
}
