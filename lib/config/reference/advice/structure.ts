/** What the messages of `messages/structure.ts` (KA2xxx) mean, and what to do. */
import type { structureMessages } from '../../messages/structure.js';
import type { Advice } from './advice.js';

export const structureAdvice: Readonly<Record<keyof typeof structureMessages, Advice>> = {
  unexpectedOpenBrace: [
    'A { stands where no keyword opens a block.',
    'Put it behind its keyword, or remove it.',
  ],
  extraCloseBrace: ['There is one } more than {.', 'Remove it, or look for the { that is missing before it.'],
  blockLeftOpen: [
    'The file ends before all blocks are closed.',
    'Add the }; the message shows which blocks are open.',
  ],
  missingClose: [
    'A block begins that cannot stand where it stands, and the file ends with a block open: a closing brace was forgotten before it.',
    "Write the '}'. keepalived reads the lines that follow as if they belonged to the open block.",
  ],
  missingOpenBrace: ['A keyword that opens a block has none.', 'Write { behind it.'],
  missingBlockFatal: [
    'The keyword opens a list that must not be empty. keepalived gives up here.',
    "Write '{' at the end of the line or on the next one.",
  ],
  surplusWords: [
    'The list has no name, and entries stand inside its braces: the words do not count.',
    "Move them behind '{', or remove them.",
  ],
  entriesIgnored: [
    'Entries of a list stand behind its keyword, without braces. keepalived takes the list for an empty one and says nothing.',
    "Write them between '{' and '}'.",
  ],
  wordsIgnored: [
    'The keyword takes fewer words than the line has; keepalived ignores the others without a word. What is meant to be said there is not said.',
    'Write each keyword on a line of its own; remove what has no meaning, such as the off behind a word that has no off.',
  ],
  missingEmptyList: [
    'A list without braces and without entries. keepalived takes it for an empty one and says nothing.',
    "Remove the line, or write its entries between '{' and '}'.",
  ],
  unrenderedTemplate: [
    'The file is the input of a template engine (Jinja, Go, ERB, Mustache), not its output: braces and words of the template are taken for configuration.',
    'Let Ansible, Helm or whatever it is for render it, and look at the result.',
  ],
  unfilledPlaceholder: [
    'The file was written for a shell, for envsubst or for a reader, who put values in the place of such words, or it uses a parameter that it does not define.',
    'Render the file first, or write the values; or define the parameter above its first use; or take it from the environment, `${_ENV NAME}`.',
  ],
  mergeConflict: [
    'Git writes such lines around the two versions of what it cannot merge; keepalived takes them for keywords and reads both versions.',
    'Keep one version, and remove the lines with the marks.',
  ],
  unknownKeyword: [
    'The word is no keyword of this block. The line is ignored, with its block.',
    'Correct the spelling, or move the line to where it belongs.',
  ],
  misplacedKeyword: [
    'The keyword exists, but in another block.',
    'Move it there. Often a } is missing before it.',
  ],
  notInThisBuild: [
    'Debian builds keepalived without this part; there the keyword is an error.',
    'Nothing for ka-node. Remove the line if keepalived has to read the file too.',
  ],
  unexpectedBlock: [
    'A keyword with a simple value is followed by a block.',
    'Remove the block; often a } is missing before it.',
  ],
  duplicateName: [
    'Two blocks of one kind have the same name; the second one is ignored.',
    'Rename or merge them.',
  ],
  onlyFirstCounts: ['The keyword stands twice, and the later one is ignored.', 'Remove one of them.'],
  deprecatedCounted: ['The keyword still works, but keepalived complains of it.', 'Write the newer keyword.'],
  deprecated: ['The keyword still works, but has a newer form.', 'Write the newer keyword.'],
  newerKeyword: [
    'The keyword came after keepalived 2.2.7.',
    'Nothing for ka-node. An older keepalived calls it unknown.',
  ],
  noEffectYet: [
    'The keyword is read and checked, but nothing acts on it yet.',
    'See docs/compat.md for what happens instead. Do not rely on it.',
  ],
  missingValueFatal: [
    'A keyword stands alone that needs a value; keepalived ends itself there.',
    'Write the value.',
  ],
  missingValue: ['A keyword stands alone that needs a value; the line is ignored.', 'Write the value.'],
  missingValueIgnored: [
    'A keyword stands alone that needs a value; keepalived ignores that silently.',
    'Write the value, or remove the line.',
  ],
  notANumber: [
    'The value is no number of the kind that is wanted; the line is ignored.',
    'Write a number. The message says which.',
  ],
  trailingText: [
    'The value begins with a number and goes on. keepalived uses the number when it runs, and refuses the line when it tests.',
    'Remove what stands behind the number.',
  ],
  outOfRange: [
    'The number is too small or too large; the line is ignored, or the limit is used.',
    'Write a number within the limits of the message.',
  ],
  adjusted: [
    'The value makes no sense; another one is used.',
    'Write the value that is used, or the one that was meant.',
  ],
  tooManyPlaces: ['The number has more decimal places than count.', 'Write fewer.'],
  notABoolean: [
    'The value is none of the words for yes and no, which are in lower case.',
    'Write on or off.',
  ],
  notOneOf: [
    'The value is none of the words that are possible here.',
    'Write one of those that the message lists.',
  ],
  notAnAddress: [
    'The value is no address of the kind that is wanted. Host names are not looked up.',
    'Write the address in numbers.',
  ],
  badValue: ['The value cannot be; the message says why and what is used instead.', 'Correct it.'],
  tooLong: ['The value is longer than can be used.', 'Shorten it.'],
  emptyBlock: ['A list has no entries.', 'Fill it, or remove it.'],
  unknownOption: [
    'A word of the line is no option that is known here; it is ignored.',
    'Correct its spelling or remove it.',
  ],
  zeroSpacing: ['0 is the default. keepalived complains of a line that says so.', 'Remove the line.'],
  entryDropped: [
    'An entry of a list cannot be used and is left out.',
    'Correct it; the message says what is wrong.',
  ],
  silentlyIgnored: ['keepalived ignores this without a word.', 'Correct the line or remove it.'],
};
