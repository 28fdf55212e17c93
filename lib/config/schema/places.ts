/** Which block may begin where, by the keyword tables. */
import type { Places } from '../parser.js';
import type { AnyBlock } from './dsl.js';
import { root } from './root.js';

export const places: Places = {
  misplaced(open, keyword) {
    const tables = tablesOf(open);
    // Outside of all tables, and in lists, no block can stand.
    const last = tables.findLastIndex((table) => table?.byKeyword.get(keyword)?.isBlock === true);
    return last < 0 ? 0 : tables.length - 1 - last;
  },

  takesNoBlock(open, keyword) {
    return tablesOf(open).at(-1)?.byKeyword.get(keyword)?.isBlock === false;
  },
};

/** The top level, and the tables of the open blocks; undefined: none is known. */
function tablesOf(open: readonly string[]): readonly (AnyBlock | undefined)[] {
  const tables: (AnyBlock | undefined)[] = [root];
  for (const block of open) tables.push(tables.at(-1)?.byKeyword.get(block)?.row.reader.block);
  return tables;
}
