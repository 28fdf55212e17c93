/**
 * From text or a path to a model and its diagnostics. Nothing here throws for bad input.
 */
import { dirname } from 'node:path';
import { Assembler, type Foreseen } from './assemble.js';
import { Diagnostics, type Diagnostic } from './diagnostic.js';
import { matchFiles } from './include.js';
import { messages } from './messages.js';
import type { Config } from './model.js';
import type { KnownServers } from './known-servers.js';
import { once } from './once.js';
import { Parser } from './parser.js';
import { Preprocessor } from './preprocess.js';
import { ProcessViews } from './process-view.js';
import { hiddenFault, readSource, stripByteOrderMark, unreadable } from './read-text.js';
import { places } from './schema/places.js';
import { root } from './schema/root.js';
import { SourceFile, type Span } from './source.js';
import { condensePlaceholders } from './placeholders.js';
import { condenseTemplates } from './template.js';
import { forgivingFiles, systemMachine } from './system.js';

/** Where configuration text comes from; the default reads the file system. */
export interface FileAccess {
  /** Bytes of a regular file. Errors: the system's own, with `code`. */
  readFile(path: string): Uint8Array;
  /** Undefined: does not exist. */
  stat(path: string): FileStat | undefined;
  /** Names in a directory, unsorted; empty when it cannot be read. */
  list(directory: string): readonly string[];
  /** Follows every symbolic link. Undefined: does not exist. */
  realPath(path: string): string | undefined;
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Another one after each change of what is in it. Undefined: it does not change. */
  readonly version?: string;
}

/** What configuration refers to on the machine it runs on. */
export interface Machine {
  hasInterface(name: string): boolean;
  /** Whether an interface sends to multicast groups; true where that is not known. */
  hasMulticast(name: string): boolean;
  hasNamespace(name: string): boolean;
  /** Undefined: no such user. Accepts numbers as text. */
  user(name: string): { readonly uid: number; readonly gid: number } | undefined;
  group(name: string): number | undefined;
  /** Whether a host name has an address. May take as long as the name servers do. */
  resolves(host: string): boolean;
  /** User id that the daemon runs as. */
  readonly uid: number;
  readonly hostName: string;
  /** Directories that bare command names are looked up in. */
  readonly path: readonly string[];
  readonly cpuCount: number;
  environment(name: string): string | undefined;
}

export interface ParseOptions {
  /** `-i`: what `@id` conditions compare with. Default: the host name up to its first dot. */
  readonly configId?: string;
  /**
   * test: as `keepalived -t` reads (a number with trailing text is ignored); daemon: as the running daemon reads (its leading
   * digits are used). Default daemon.
   */
  readonly mode?: 'test' | 'daemon';
  /** The file is for another machine: interfaces, scripts, users and files are taken to exist. */
  readonly offline?: boolean;
  readonly files?: FileAccess;
  readonly machine?: Machine;
  /** `-e`: all include checks are fatal from the start. */
  readonly strictIncludes?: boolean;
  /**
   * Where braces do not fit, keepalived reads a file otherwise than its author meant it, and that is what the daemon does, too.
   * `asMeant`: the model is the one that was meant, which is what a check of the file wants to look at.
   */
  readonly asMeant?: boolean;
  /** What the reading before this one left, and what this one leaves: unchanged virtual servers are then the same objects. */
  readonly known?: KnownServers;
  /** Only the diagnostics are wanted: saves the memory of the virtual servers, and there is no model. */
  readonly diagnosticsOnly?: boolean;
}

export type ConfigInput = { readonly path: string } | { readonly text: string; readonly name?: string };

/**
 * `model` is undefined only when nothing usable could be read (the file is missing, or reading had to be given up), or when
 * it was not wanted.
 */
export interface ParseResult {
  readonly model: Config | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** What keepalived makes of it, for its exit status. The same, where braces fit; else it reads other lines as other things. */
  readonly asKeepalived: readonly Diagnostic[];
  /** Every file that was read, in order; each knows its comments. */
  readonly sources: readonly SourceFile[];
}

/**
 * Reads a configuration: a file with its includes, or a text (whose includes are relative to the working directory).
 * Never throws for what the configuration contains; look at `diagnostics`.
 */
export function parseConfig(input: ConfigInput, options: ParseOptions = {}): ParseResult {
  const result = parse(input, options);
  const condensed = condensePlaceholders(condenseTemplates(result.diagnostics), result.sources);
  return { ...result, diagnostics: once(condensed) };
}

function parse(input: ConfigInput, options: ParseOptions): ParseResult {
  const machine = options.machine ?? systemMachine();
  if (options.known?.isEmpty === false) {
    const again = readTwice(input, options, machine, 'tree', options.known);
    if (isClean(again)) return again;
    // What is wrong may be about what was not read, or change how that is read.
  }
  const first = readTwice(input, options, machine, 'tree');
  const repaired = first.isLeftOpen ? readTwice(input, options, machine, 'repaired') : first;
  const { model, diagnostics, asKeepalived, sources } = repaired;
  const meant: ParseResult = { model, diagnostics, asKeepalived, sources };
  if (!repaired.isIrregular || options.asMeant === true) return meant;
  const actual = readTwice(input, options, machine, 'processes');
  return {
    ...meant,
    model: actual.model,
    asKeepalived: actual.diagnostics,
    diagnostics: withWorse(diagnostics, worse(actual.diagnostics, diagnostics)),
  };
}

/** Nothing whatever is to be said of it. */
function isClean({ model, diagnostics, isIrregular }: Reading): boolean {
  return model !== undefined && diagnostics.length === 0 && !isIrregular;
}

/** On a line of which a mistake is told already, what keepalived makes of it is a note there. */
function withWorse(meant: readonly Diagnostic[], worst: readonly Diagnostic[]): readonly Diagnostic[] {
  const [item] = worst;
  if (item === undefined) return meant;
  const isCause = (other: Diagnostic): boolean =>
    other.severity === 'error' &&
    other.span.source.name === item.span.source.name &&
    lineOf(other) === lineOf(item);
  const index = meant.findIndex(isCause);
  const cause = meant[index];
  if (cause === undefined) return [...meant, item];
  const note = { message: `as keepalived reads it: ${item.message}`, span: item.span };
  return meant.with(index, {
    ...cause,
    keepalivedClass: item.keepalivedClass,
    isFatal: cause.isFatal || item.isFatal,
    related: [...cause.related, note, ...item.related],
  });
}

function lineOf({ span }: Diagnostic): number {
  return span.source.position(span.start).line;
}

/** tree: by its braces, as it was meant; repaired: with those that seem to be missing; processes: as keepalived reads it. */
type View = 'tree' | 'repaired' | 'processes';

type Reading = Omit<ParseResult, 'asKeepalived'> & {
  readonly isIrregular: boolean;
  readonly isLeftOpen: boolean;
  readonly outdated?: Foreseen;
};

function readTwice(
  input: ConfigInput,
  options: ParseOptions,
  machine: Machine,
  view: View,
  known?: KnownServers,
): ParseResult & { readonly isIrregular: boolean; readonly isLeftOpen: boolean } {
  const first = readOnce(input, options, machine, { view, known });
  const reading =
    first.outdated === undefined
      ? first
      : readOnce(input, options, machine, { view, known, foreseen: first.outdated });
  return { ...reading, asKeepalived: reading.diagnostics };
}

/** What ends keepalived, or makes its status worse, only because it reads other lines than were meant. */
function worse(actual: readonly Diagnostic[], meant: readonly Diagnostic[]): readonly Diagnostic[] {
  const weights = ['none', 'missing', 'newer', 'complaint', 'security', 'fatal-include', 'gives-up'];
  const weight = ({ keepalivedClass }: Diagnostic): number => weights.indexOf(keepalivedClass);
  const worst = actual.reduce((most, item) => Math.max(most, weight(item)), 0);
  if (worst <= weights.indexOf('complaint') || meant.some((item) => weight(item) >= worst)) return [];
  return actual.filter((item) => weight(item) === worst).slice(0, 1);
}

interface How {
  readonly view: View;
  /** Virtual servers that need not be read. */
  readonly known?: KnownServers | undefined;
  readonly foreseen?: Foreseen;
}

/** `outdated`: what the reading should have known from the start; there is no model then. */
function readOnce(
  input: ConfigInput,
  options: ParseOptions,
  machine: Machine,
  { view, known, foreseen }: How,
): Reading {
  // What is wrong with the text comes before what is wrong with its meaning.
  const diagnostics = new Diagnostics();
  const meaning = new Diagnostics();
  const files = options.files ?? forgivingFiles;
  const configId = options.configId ?? machine.hostName.split('.')[0] ?? '';
  const isAsMeant = view !== 'processes';
  const assembler = new Assembler({
    configId,
    isAsMeant,
    diagnostics: meaning,
    mode: options.mode ?? 'daemon',
    isOffline: options.offline ?? false,
    machine,
    files,
    foreseen,
    known,
    learns: options.known !== undefined,
    diagnosticsOnly: options.diagnosticsOnly ?? false,
  });
  const tree = new Parser(diagnostics, assembler, view === 'repaired' ? places : undefined);
  const lines =
    view !== 'processes'
      ? tree
      : new ProcessViews({ root, diagnostics, scratch: () => assembler.scratch() }, assembler);
  const preprocessor = new Preprocessor(
    { configId, files, machine, strictIncludes: options.strictIncludes ?? false, closesQuotes: isAsMeant },
    lines,
    diagnostics,
  );
  const main =
    'path' in input ? readMain(input.path, files, preprocessor, diagnostics) : textMain(input, preprocessor);
  if (main !== undefined) lines.finish(main);
  const { sources, isStopped } = preprocessor;
  const nothing = { model: undefined, sources, isIrregular: false, isLeftOpen: false };
  if (main === undefined || isStopped) return { ...nothing, diagnostics: diagnostics.list };
  const outdated = assembler.outdated();
  if (outdated !== undefined) return { ...nothing, diagnostics: [], outdated };
  const model = assembler.finish();
  const reading = {
    model: options.diagnosticsOnly === true ? undefined : model,
    diagnostics: [...diagnostics.list, ...meaning.list],
    sources,
    isIrregular: tree.isIrregular || assembler.isIrregular || preprocessor.isIrregular,
    isLeftOpen: tree.isLeftOpen,
  };
  if (isClean(reading)) options.known?.replace(assembler.blocks, assembler.globals);
  return reading;
}

function textMain(
  input: { readonly text: string; readonly name?: string },
  preprocessor: Preprocessor,
): SourceFile {
  const source = new SourceFile(input.name ?? '<text>', stripByteOrderMark(input.text));
  preprocessor.file(source, '.', source.name);
  return source;
}

/** Reads what `-f` names, which may be a pattern. The first file is the main one. */
function readMain(
  path: string,
  files: FileAccess,
  preprocessor: Preprocessor,
  diagnostics: Diagnostics,
): SourceFile | undefined {
  const paths = matchFiles(path, '.', files).flatMap((match) => match.paths);
  const start = (name: string): Span => new SourceFile(name, '').span(0, 0);
  let main: SourceFile | undefined;
  for (const name of paths) {
    const fault = unreadable(name, files);
    // Among several matches of a pattern, what is no configuration is passed over.
    if (fault !== undefined && paths.length > 1) continue;
    if (fault !== undefined) {
      diagnostics.report(messages.fileMissing, start(name), name, fault);
      return undefined;
    }
    const source = readSource(name, files, diagnostics);
    // keepalived ends itself at the first that it may not read.
    if (!(source instanceof SourceFile)) {
      diagnostics.report(messages.fileUnreadable, start(name), name, source.reason);
      return undefined;
    }
    if (main !== undefined) diagnostics.report(messages.severalMainFiles, source.span(0, 0), path);
    main ??= source;
    preprocessor.file(source, dirname(name), files.realPath(name) ?? name);
  }
  if (main === undefined && paths.length !== 1) {
    const absent = hiddenFault(path, files) ?? 'it does not exist';
    const why = paths.length === 0 ? absent : 'none of its files can be read';
    diagnostics.report(messages.fileMissing, start(path), path, why);
  }
  return main;
}
