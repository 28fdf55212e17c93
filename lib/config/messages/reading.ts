/** KA1xxx. Reading files: includes, definitions, conditions, sequences. */
import { define } from './message.js';

export const readingMessages = {
  fileMissing: define(
    'KA1001',
    'error',
    'none',
    (path: string, why: string) => `cannot read ${path}: ${why}`,
    {
      isFatal: true,
    },
  ),
  severalMainFiles: define(
    'KA1002',
    'warning',
    'complaint',
    (pattern: string) => `'${pattern}' names several files; they are read one after another`,
    { hint: 'name one file, and include the others from it' },
  ),
  byteOrderMark: define('KA1003', 'warning', 'complaint', () => 'the file starts with a byte order mark', {
    hint: 'save it as UTF-8 without BOM: keepalived takes the mark for a part of the first keyword',
  }),
  nulByte: define(
    'KA1004',
    'error',
    'complaint',
    () => 'the line holds a NUL byte; the rest of it is not read',
    { hint: 'a file in UTF-16 has one in every letter: save it as UTF-8' },
  ),
  lineTooLong: define(
    'KA1005',
    'warning',
    'complaint',
    (length: string) => `the line has ${length} characters; keepalived reads at most 1022 in one piece`,
  ),
  unterminatedQuote: define(
    'KA1006',
    'error',
    'complaint',
    () => 'the quotation mark has no partner on this line',
    {
      hint: 'put the closing " at the end of the value; values cannot continue on the next line',
    },
  ),
  commentBackslash: define(
    'KA1007',
    'warning',
    'complaint',
    () => 'the comment ends with a backslash, which keepalived takes for a keyword',
    { hint: 'remove the backslash' },
  ),
  moreDiagnostics: define(
    'KA1008',
    'info',
    'none',
    (count: string) => `${count} more diagnostics are not shown`,
  ),
  changedWhileRead: define(
    'KA1009',
    'warning',
    'none',
    (path: string, unrest: string) => `${path} changed while it was read: ${unrest}`,
    { hint: 'write a new version under another name and rename it: readers see one or the other' },
  ),
  fileUnreadable: define(
    'KA1010',
    'error',
    'missing',
    (path: string, why: string) => `cannot read ${path}: ${why}`,
    { isFatal: true },
  ),
  includeMissing: define('KA1101', 'warning', 'none', (path: string) => `the file ${path} does not exist`, {
    hint: 'use includem when its absence must stop the start',
  }),
  includeNothing: define('KA1102', 'info', 'none', (pattern: string) => `no file matches ${pattern}`),
  includeUnreadable: define(
    'KA1103',
    'warning',
    'none',
    (path: string, why: string) => `${path} is not read: ${why}`,
  ),
  includeNoMatchFatal: define(
    'KA1104',
    'error',
    'fatal-include',
    (path: string, _why: string) => `no file matches ${path}, and this include requires one`,
    { isFatal: true },
  ),
  includeUnreadableFatal: define(
    'KA1105',
    'error',
    'fatal-include',
    (path: string, why: string) => `${path} cannot be read, and this include requires it: ${why}`,
    { isFatal: true },
  ),
  includeLoop: define('KA1106', 'error', 'complaint', (path: string) => `${path} includes itself`),
  includeTooDeep: define(
    'KA1107',
    'error',
    'complaint',
    (limit: string) => `includes nest deeper than ${limit}`,
  ),
  includeTooWide: define(
    'KA1108',
    'error',
    'complaint',
    (pattern: string, limit: string) => `'${pattern}' leads to more than ${limit} names; nothing is included`,
    { hint: 'name the folder that holds the files' },
  ),
  definitionLoop: define(
    'KA1201',
    'error',
    'complaint',
    (name: string) => `the value of $${name} contains itself`,
  ),
  expansionTooLong: define(
    'KA1202',
    'error',
    'complaint',
    (name: string) => `the value of ${name} grows without limit`,
  ),
  badSequence: define('KA1203', 'error', 'complaint', (why: string) => `the line is not repeated: ${why}`),
  surplusListValue: define('KA1204', 'error', 'complaint', () => 'more values than variables'),
  sequenceTooLong: define(
    'KA1205',
    'error',
    'complaint',
    (limit: string) => `lines are repeated at most ${limit} times`,
  ),
  badRandomRange: define(
    'KA1206',
    'error',
    'complaint',
    (range: string) => `'${range}' is no range of whole numbers for \${_RANDOM}`,
  ),

  lineTooDeep: define(
    'KA1207',
    'error',
    'complaint',
    (limit: string) =>
      `definitions, conditions and sequences nest deeper than ${limit} here; the rest is not read`,
  ),
} as const;
