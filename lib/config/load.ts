/**
 * From text or a path to a model and its diagnostics. Nothing here throws for bad input.
 */
import type { Diagnostic } from './diagnostic.js';
import type { Config } from './model.js';

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
}

/** What configuration refers to on the machine it runs on. */
export interface Machine {
  hasInterface(name: string): boolean;
  hasNamespace(name: string): boolean;
  /** Undefined: no such user. Accepts numbers as text. */
  user(name: string): { readonly uid: number; readonly gid: number } | undefined;
  group(name: string): number | undefined;
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
}

export type ConfigInput = { readonly path: string } | { readonly text: string; readonly name?: string };

/** `model` is undefined only when nothing usable could be read (the file is missing, or reading had to be given up). */
export interface ParseResult {
  readonly model: Config | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a configuration: a file with its includes, or a text (whose includes are relative to the working directory).
 * Never throws for what the configuration contains; look at `diagnostics`.
 */
export declare function parseConfig(input: ConfigInput, options?: ParseOptions): ParseResult;
