const GUID = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/gi;
/** Hexadecimal ids: `0x` and digits, or so long and mixed that it is no word. */
const HEX = /0x[0-9a-f]+|(?=[0-9a-f]*\d)[0-9a-f]{12,}/gi;
const DIGITS = /\d+/g;
/** Longer paths end in an ellipsis: the depth of a tree is no limit on the number of its paths. */
const MAX_SEGMENTS = 8;

/**
 * What paths have in common that differ in names a program made up: `/orders/4711` is `/orders/{n}`, and
 * `/lock/_c_<guid>-lock-0000000012` is `/lock/_c_{guid}-lock-{n}`. Names of spans must be few, and raw paths are as many as
 * there are znodes.
 */
export function pathTemplate(path: string): string {
  const segments = path.split('/');
  const isDeep = segments.length > MAX_SEGMENTS + 1;
  const kept = isDeep ? [...segments.slice(0, MAX_SEGMENTS + 1), '…'] : segments;
  return kept.map(segmentTemplate).join('/');
}

function segmentTemplate(segment: string): string {
  return segment.replace(GUID, '{guid}').replace(HEX, '{hex}').replace(DIGITS, '{n}');
}
