import { ErrorCode } from '@zk/model';
import { REFUSED, type Request, type RequestKind } from '../machine/request.js';
import { childrenKind, existsKind, getKind } from '../wire/kinds.js';
import type { OneShotWatch } from './one-shot-watches.js';

/** Reads that set a one-shot watch: `request.extra` is the watch. It counts from the moment the reply is read. */

function watching(kind: RequestKind): RequestKind {
  return {
    ...kind,
    decode(reader, request) {
      const value = kind.decode(reader, request);
      watchOf(request).isSet('present');
      return value;
    },
    abandoned: (request) => watchOf(request).isAbandoned(),
    answeredLate: (request, err) => watchOf(request).isSetInVain(err),
  };
}

export const getAndWatchKind = watching(getKind);
export const childrenAndWatchKind = watching(childrenKind);
export const existsAndWatchKind: RequestKind = {
  ...watching(existsKind),
  answer(code, request) {
    if (code !== ErrorCode.NONODE) return REFUSED;
    watchOf(request).isSet('absent');
    return null;
  },
};

function watchOf(request: Request): OneShotWatch {
  return request.extra as OneShotWatch;
}
