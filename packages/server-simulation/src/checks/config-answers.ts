import { counterOf, hex64 } from '@zk/model';
import { EnsembleConfig } from '@zk/quorum';
import { CONFIG_PATH } from '../clients/znodes.js';
import type { ModelTree } from './model-tree.js';

/**
 * What is wrong with a configuration that is shown with a zxid; undefined where it fits. The first one has no transaction: its
 * version is that of the first leader, or 0 where nobody may change it.
 */
export function checkShownConfig(tree: ModelTree, zxid: bigint, text: string): string | undefined {
  const { data, mzxid } = tree.at(CONFIG_PATH, zxid)!;
  const isFirst = mzxid === 0n;
  const { version } = EnsembleConfig.parse(text);
  const fits = isFirst ? counterOf(version) === 0 && members(text) === members(data!) : text === data;
  if (fits) return undefined;
  return `the configuration is shown as ${oneLine(text)}, and is ${oneLine(data!)} at 0x${hex64(zxid)}`;
}

function members(text: string): string {
  return text.replace(/\nversion=.*$/, '');
}

function oneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}
