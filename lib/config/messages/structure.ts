/** KA2xxx. Structure and values: blocks, keywords, numbers, addresses. */
import { define } from './message.js';

export const structureMessages = {
  unexpectedOpenBrace: define('KA2001', 'error', 'complaint', () => "unexpected '{': no block starts here"),
  extraCloseBrace: define('KA2002', 'error', 'complaint', () => "'}' without a block to close"),
  blockLeftOpen: define('KA2003', 'warning', 'complaint', (block: string, count: string) =>
    count === '1'
      ? `the file ends inside '${block}': its closing '}' is missing`
      : `the file ends inside '${block}': ${count} closing '}' are missing`,
  ),
  missingClose: define(
    'KA2020',
    'error',
    'complaint',
    (block: string) => `the closing '}' of '${block}' is missing before this line`,
  ),
  missingOpenBrace: define(
    'KA2004',
    'error',
    'complaint',
    (block: string) => `'${block}' needs a block: '{' is missing`,
  ),
  missingBlockFatal: define(
    'KA2017',
    'error',
    'gives-up',
    (block: string) => `'${block}' needs a block: '{' is missing`,
  ),
  surplusWords: define(
    'KA2019',
    'warning',
    'complaint',
    (list: string) => `words between '${list}' and its '{' are ignored`,
    { hint: "write entries between '{' and '}'" },
  ),
  entriesIgnored: define(
    'KA2021',
    'error',
    'none',
    (list: string, words: string) => `'${list}' has no '{': it is empty, and '${words}' is ignored`,
  ),
  wordsIgnored: define(
    'KA2022',
    'warning',
    'none',
    (keyword: string, words: string) => `'${words}' is ignored behind '${keyword}'`,
    { hint: 'one keyword a line' },
  ),
  missingEmptyList: define(
    'KA2018',
    'warning',
    'none',
    (list: string) => `'${list}' has neither '{' nor entries; it is empty`,
    { hint: "remove it, or write its entries between '{' and '}'" },
  ),
  unrenderedTemplate: define(
    'KA2023',
    'error',
    'complaint',
    (marker: string) => `this is a template that was not rendered: '${marker}' is no part of the language`,
    { hint: 'render it first; what else there is to say of the file from here on is not shown' },
  ),
  unfilledPlaceholder: define(
    'KA2024',
    'error',
    'complaint',
    (placeholder: string, others: string) => `'${placeholder}' is not replaced by a value${others}`,
    {
      hint: 'a file for envsubst or a shell is rendered first; ${NAME} takes a definition $NAME=... above it, or write ${_ENV NAME}',
    },
  ),
  unknownKeyword: define(
    'KA2005',
    'error',
    'complaint',
    (keyword: string, where: string) => `unknown keyword '${keyword}' ${where}`,
  ),
  misplacedKeyword: define(
    'KA2006',
    'error',
    'complaint',
    (keyword: string, here: string, there: string) => `'${keyword}' does not belong ${here}, but ${there}`,
  ),
  notInThisBuild: define(
    'KA2007',
    'info',
    'complaint',
    (keyword: string, feature: string) =>
      `'${keyword}' is accepted; keepalived knows it only when built with ${feature}`,
  ),
  unexpectedBlock: define('KA2008', 'error', 'complaint', (keyword: string) => `'${keyword}' takes no block`),
  duplicateName: define(
    'KA2009',
    'error',
    'complaint',
    (block: string, name: string) => `a second ${block} '${name}' is ignored`,
  ),
  onlyFirstCounts: define(
    'KA2012',
    'warning',
    'complaint',
    (keyword: string) => `'${keyword}' is given twice; only the first one counts`,
  ),
  deprecatedCounted: define(
    'KA2013',
    'deprecated',
    'complaint',
    (keyword: string, instead: string) => `'${keyword}' is an old form; write '${instead}'`,
  ),
  deprecated: define(
    'KA2014',
    'deprecated',
    'none',
    (keyword: string, instead: string) =>
      `'${keyword}' is an old form; write ${instead.includes(' ') ? instead : `'${instead}'`}`,
  ),
  newerKeyword: define(
    'KA2016',
    'info',
    'newer',
    (keyword: string, version: string) => `'${keyword}' is accepted; keepalived knows it from ${version} on`,
  ),
  noEffectYet: define(
    'KA2015',
    'info',
    'none',
    (keyword: string) => `'${keyword}' is understood, but has no effect in this version of ka-node`,
  ),
  missingValueFatal: define(
    'KA2101',
    'error',
    'gives-up',
    (keyword: string, what: string) => `'${keyword}' needs ${what}`,
    { isFatal: true, hint: 'keepalived stops at such a line' },
  ),
  missingValue: define(
    'KA2102',
    'error',
    'complaint',
    (keyword: string, what: string) => `'${keyword}' needs ${what}`,
  ),
  missingValueIgnored: define(
    'KA2103',
    'warning',
    'none',
    (keyword: string, what: string) => `'${keyword}' needs ${what}; the line has no effect`,
  ),
  notANumber: define(
    'KA2104',
    'error',
    'complaint',
    (text: string, what: string) => `'${text}' is not ${what}`,
  ),
  trailingText: define(
    'KA2105',
    'warning',
    'complaint',
    (text: string, used: string) => `'${text}' is not a number; ${used} is used`,
  ),
  outOfRange: define(
    'KA2106',
    'error',
    'complaint',
    (text: string, low: string, high: string) => `${text} is out of range: ${low} to ${high}`,
  ),
  adjusted: define('KA2107', 'warning', 'complaint', (what: string) => what),
  tooManyPlaces: define(
    'KA2108',
    'warning',
    'complaint',
    (text: string, places: string) => `${text} has more than ${places} decimal places; it is rounded`,
  ),
  notABoolean: define('KA2109', 'error', 'complaint', (text: string) => `'${text}' is not a boolean`, {
    hint: 'one of: on true yes off false no, in lower case',
  }),
  notOneOf: define(
    'KA2110',
    'error',
    'complaint',
    (text: string, choices: string) => `'${text}' is not one of: ${choices}`,
  ),
  notAnAddress: define(
    'KA2111',
    'error',
    'complaint',
    (text: string, what: string) => `'${text}' is not ${what}`,
  ),
  badValue: define('KA2112', 'error', 'complaint', (what: string) => what),
  tooLong: define(
    'KA2113',
    'warning',
    'complaint',
    (text: string, limit: string) => `'${text}' is longer than ${limit} characters; the rest is cut off`,
  ),
  emptyBlock: define('KA2114', 'warning', 'complaint', (block: string) => `the block ${block} is empty`),
  unknownOption: define(
    'KA2115',
    'warning',
    'complaint',
    (word: string, what: string) => `unknown option '${word}' of ${what}; it is ignored`,
  ),
  zeroSpacing: define(
    'KA2118',
    'warning',
    'complaint',
    (keyword: string) => `${keyword} 0 is the default, no spacing; keepalived complains of the line`,
    { hint: 'remove the line' },
  ),
  entryDropped: define(
    'KA2116',
    'error',
    'complaint',
    (what: string, why: string) => `${what} is dropped: ${why}`,
  ),
  silentlyIgnored: define('KA2117', 'warning', 'none', (what: string) => what),
} as const;
