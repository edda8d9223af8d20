/** How the text of a value is read. */
export type KeyKind =
  | 'text'
  | 'path'
  | 'port'
  /** A whole number. */
  | 'whole'
  | 'ratio'
  /** Exactly true or false in any case; anything else is an error, as in Apache ZooKeeper. */
  | 'boolean'
  /** A Java system property: "true" in any case, everything else false. */
  | 'flag'
  /** Exactly yes or no. */
  | 'yes-no'
  /** One of `choices`. */
  | 'choice'
  /** Comma separated. */
  | 'list'
  /** A whole number of hours, or a number with d, h, m, s or ms behind it. */
  | 'duration';

/** What this server does with a key. */
export type KeyStatus =
  /** It does what the key says. */
  | 'honoured'
  /** Accepted; there is nothing here that it could tune (thread pools, reply caches, a Java virtual machine). */
  | 'no effect'
  /** Only an ensemble looks at it; a standalone server does not, nor does Apache's. */
  | 'ensemble'
  /** Apache ZooKeeper does something with it that this server does not. */
  | 'unsupported';

export type KeySection = 'basic' | 'quorum' | 'storage' | 'requests' | 'security' | 'tls' | 'admin' | 'jvm';

/** One row of the table of everything that Apache ZooKeeper 3.9 can be told. */
export interface KeySpec {
  /** As written in zoo.cfg. A name that ends in `*` stands for every key with that beginning. */
  readonly name: string;
  /** The Java system property Apache ZooKeeper reads, if it reads one. */
  readonly property: string | undefined;
  /** Other spellings of the property that Apache accepts on the command line. */
  readonly otherProperties?: readonly string[];
  readonly section: KeySection;
  readonly kind: KeyKind;
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  /** Smaller values are raised to this one with a warning, as Apache does. */
  readonly raisedTo?: number;
  readonly choices?: readonly string[];
  /** Apache's default, as one would write it; undefined: not set. */
  readonly default: string | undefined;
  /** Our default where it differs. */
  readonly ours?: string;
  /** Why ours differs: one sentence, for the documentation. */
  readonly why?: string;
  readonly status: KeyStatus;
  /** Values of a key without effect that ask for what this server does anyway. */
  readonly harmless?: readonly string[];
  /** Never printed. */
  readonly isSecret?: boolean;
  readonly meaning: string;
}

/** What a row says beyond its name and kind. */
export type KeyDetails = Partial<Omit<KeySpec, 'name' | 'kind' | 'section' | 'property'>> & {
  /** `null`: Apache reads no property of this name. Absent: `zookeeper.<name>`. */
  readonly property?: string | null;
  readonly meaning: string;
};

export type RowMaker = (name: string, kind: KeyKind, details: KeyDetails) => KeySpec;

/** A maker of rows for one section. */
export function rowsOf(section: KeySection, status: KeyStatus): RowMaker {
  return (name, kind, { property, ...details }) => ({
    name,
    section,
    kind,
    property: property === null ? undefined : (property ?? `zookeeper.${name}`),
    status,
    default: undefined,
    ...details,
  });
}

/** The default in force here. */
export function effectiveDefault(spec: KeySpec): string | undefined {
  return spec.ours ?? spec.default;
}
