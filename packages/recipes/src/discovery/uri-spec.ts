/** A part of a URI template: text as it is, or the name of a variable. */
export interface UriPart {
  readonly value: string;
  readonly variable: boolean;
}

/** What a template is filled from. */
export interface UriSource {
  readonly name: string;
  readonly id: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly sslPort: number | null;
  readonly registrationTimeMs: number;
  readonly serviceType: string;
}

/**
 * A template of a URI with `{variables}`, as in Curator (spec: recipes, section 10.3): scheme (`https` when there is an
 * sslPort), name, id, address, port, ssl-port, registration-time-utc, service-type, and `[` and `]` for braces.
 */
export class UriSpec {
  constructor(readonly parts: readonly UriPart[]) {}

  /** @throws SyntaxError for braces within braces, and for braces that are not closed or not opened */
  static parse(text: string): UriSpec {
    const parts: UriPart[] = [];
    let isInside = false;
    for (const token of text.split(/([{}])/)) {
      if (token === '{') {
        if (isInside) throw new SyntaxError(`a brace within braces in the URI template "${text}"`);
        isInside = true;
      } else if (token === '}') {
        if (!isInside) throw new SyntaxError(`a brace that was not opened in the URI template "${text}"`);
        isInside = false;
      } else if (token !== '') {
        parts.push({ value: isInside ? token.trim() : token, variable: isInside });
      }
    }
    if (isInside) throw new SyntaxError(`a brace that is not closed in the URI template "${text}"`);
    return new UriSpec(parts);
  }

  /** The template as text. */
  toString(): string {
    return this.parts.map(({ value, variable }) => (variable ? `{${value}}` : value)).join('');
  }

  /** Null becomes empty, as does a variable that nobody knows. Those given win over those of the instance. */
  build(instance?: UriSource, variables: Readonly<Record<string, unknown>> = {}): string {
    const known: Record<string, unknown> = { ...(instance === undefined ? {} : variablesOf(instance)), ...variables };
    known['['] ??= '{';
    known[']'] ??= '}';
    const valueOf = (name: string): string => (Object.hasOwn(known, name) ? String(known[name] ?? '') : '');
    return this.parts.map(({ value, variable }) => (variable ? valueOf(value) : value)).join('');
  }
}

function variablesOf(instance: UriSource): Record<string, unknown> {
  return {
    scheme: instance.sslPort === null ? 'http' : 'https',
    name: instance.name,
    id: instance.id,
    address: instance.address,
    port: instance.port,
    'ssl-port': instance.sslPort,
    'registration-time-utc': instance.registrationTimeMs,
    'service-type': instance.serviceType.toLowerCase(),
  };
}
