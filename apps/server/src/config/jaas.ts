/** One login module of a section. */
export interface LoginModule {
  /** Java class. */
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

/** Sections of a JAAS file by name. */
export type JaasFile = ReadonlyMap<string, readonly LoginModule[]>;

const FLAGS: readonly string[] = ['required', 'requisite', 'sufficient', 'optional'];

/** A word, a quoted text or a sign; blanks and comments in between. */
const TOKEN = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*(?:"((?:[^"\\\n]|\\.)*)"|([^\s"{}=;]+)|([{}=;])|$)/y;

/**
 * Reads a JAAS login configuration: `Name { class flag option="value" … ; … };`, as Java's own reader takes it.
 * @throws Error that names the line
 */
export function parseJaas(text: string): JaasFile {
  const tokens = new Tokens(text);
  const sections = new Map<string, LoginModule[]>();
  while (!tokens.isAtEnd) {
    const name = tokens.word('the name of a section');
    tokens.sign('{');
    const modules: LoginModule[] = [];
    while (!tokens.skips('}')) modules.push(loginModule(tokens));
    tokens.sign(';');
    sections.set(name, modules);
  }
  return sections;
}

function loginModule(tokens: Tokens): LoginModule {
  const name = tokens.word('the class of a login module');
  const flag = tokens.word('required, requisite, sufficient or optional');
  if (!FLAGS.includes(flag.toLowerCase())) {
    throw tokens.problem(`${flag} where one of ${FLAGS.join(', ')} belongs`);
  }
  const options = new Map<string, string>();
  while (!tokens.skips(';')) {
    const option = tokens.word('an option, or ";"');
    tokens.sign('=');
    options.set(option, tokens.word(`the value of ${option}`));
  }
  return { name, options };
}

class Tokens {
  private at = 0;
  private line = 1;
  private next: { readonly text: string; readonly isSign: boolean } | undefined;

  constructor(private readonly text: string) {
    this.advance();
  }

  get isAtEnd(): boolean {
    return this.next === undefined;
  }

  problem(what: string): Error {
    return new Error(`line ${this.line}: ${what}`);
  }

  word(what: string): string {
    const { next } = this;
    if (next === undefined || next.isSign) throw this.problem(`${next?.text ?? 'the end'} where ${what} belongs`);
    this.advance();
    return next.text;
  }

  sign(sign: string): void {
    if (!this.skips(sign)) throw this.problem(`${this.next?.text ?? 'the end'} where "${sign}" belongs`);
  }

  skips(sign: string): boolean {
    if (this.next?.isSign !== true || this.next.text !== sign) return false;
    this.advance();
    return true;
  }

  private advance(): void {
    TOKEN.lastIndex = this.at;
    const match = TOKEN.exec(this.text);
    if (match === null) throw this.problem('a text in quotes that does not end');
    this.line += match[0].split('\n').length - 1;
    this.at = TOKEN.lastIndex;
    const [, quoted, word, sign] = match;
    const text = quoted?.replace(/\\(.)/g, '$1') ?? word ?? sign;
    this.next = text === undefined ? undefined : { text, isSign: sign !== undefined };
  }
}
