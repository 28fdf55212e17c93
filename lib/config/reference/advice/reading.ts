/** What the messages of `messages/reading.ts` (KA1xxx) mean, and what to do. */
import type { readingMessages } from '../../messages/reading.js';
import type { Advice } from './advice.js';

export const readingAdvice: Readonly<Record<keyof typeof readingMessages, Advice>> = {
  fileMissing: [
    'The file that was named is not there, or is no file.',
    'Correct the path. Its folders must be open to the user that runs ka-node.',
  ],
  severalMainFiles: [
    'The path is a pattern that matches several files.',
    'Name one file and include the others from it.',
  ],
  byteOrderMark: [
    'The first three bytes are a mark that some editors write; keepalived takes them for a part of the first keyword.',
    'Save the file as UTF-8 without BOM.',
  ],
  nulByte: [
    'A line holds a byte of value 0; keepalived stops reading the line there.',
    'Remove it; a file that was copied with holes, or saved as UTF-16, has many.',
  ],
  lineTooLong: [
    'keepalived reads lines in pieces of 1022 characters, and takes the rest for another line.',
    'Break the line.',
  ],
  unterminatedQuote: [
    'A value begins with a quotation mark that is not closed on its line.',
    'Close it. A value cannot go on in the next line.',
  ],
  commentBackslash: [
    'keepalived joins a comment that ends with a backslash to the next line, in its own way.',
    'Remove the backslash.',
  ],
  moreDiagnostics: [
    'There are more mistakes than anybody reads.',
    'Mend those that are shown, and look again.',
  ],
  changedWhileRead: [
    'Somebody wrote to the file while it was read. It was read again; if it changed then, too, what was read may be half of it.',
    'Check again once it is written. Programs that write configuration write it under another name and rename it.',
  ],
  fileUnreadable: [
    'The file that was named is there, and the system refuses to have it read.',
    'Give the user that runs ka-node the right to read it, or run ka-node as another one.',
  ],
  includeMissing: [
    'A plain include names a file that does not exist; keepalived goes on without it.',
    'Create it, remove the line, or write includem so that its absence ends the start.',
  ],
  includeNothing: [
    'The pattern of an include matches no file, which is usual for a directory of optional parts.',
    'Nothing, when that is meant; else correct the pattern.',
  ],
  includeUnreadable: [
    'What is included is a directory, is executable, or may not be read.',
    'Name regular files; chmod them so that they can be read and not executed.',
  ],
  includeNoMatchFatal: [
    'An include that requires its files matches none.',
    'Create the file or correct the pattern; plain include is the form that does not mind.',
  ],
  includeUnreadableFatal: [
    'An include that requires its files names one that cannot be read.',
    'Correct its permissions; plain include is the form that does not mind.',
  ],
  includeLoop: [
    'A file includes itself, perhaps through others.',
    'Remove one of the includes; the chain is shown below the message.',
  ],
  includeTooDeep: [
    'Includes stand inside includes, deeper than is of use.',
    'Include the files from one place.',
  ],
  includeTooWide: [
    'The pattern of an include leads through more of the file system than can be meant, as `/*/*/*/*` does.',
    'Name the folder that holds the files.',
  ],
  definitionLoop: ['The value of a parameter uses the parameter itself.', 'Give one of them another name.'],
  expansionTooLong: [
    'Parameters that use each other grow a line beyond a megabyte.',
    'Write the values out, or repeat the line with ~LST.',
  ],
  badSequence: [
    'The arguments of ~SEQ or ~LST make no sequence.',
    'Write ~SEQ(VAR, first, last), ~SEQ(VAR, first, step, last) or ~LST(VAR, value, ...).',
  ],
  surplusListValue: [
    'A group of ~LST has more values than there are variables.',
    'Add a variable or remove the value.',
  ],
  sequenceTooLong: ['A line is repeated more than a million times.', 'Correct the end of the sequence.'],
  badRandomRange: [
    'The bounds of ${_RANDOM} are no numbers, or stand in the wrong order.',
    'Write ${_RANDOM 1 99}.',
  ],
  lineTooDeep: [
    'Values of several lines, conditions and sequences stand in each other on one line, deeper than anybody needs.',
    'Break the line up, or look for a value that contains itself.',
  ],
};
