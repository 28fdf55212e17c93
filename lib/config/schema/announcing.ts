/**
 * Values about gratuitous ARP and neighbour advertisements, which global_defs and vrrp_instance share.
 */
import { decimal, recordFormat, timeFormat } from './format.js';
import { seconds, type Micros } from '../../units.js';
import { messages } from '../messages.js';
import type { GarpExtraIf } from '../model.js';
import type { Reader } from './dsl.js';
import { decimalSeconds, integer, mapped, readInteger, uint32 } from './values.js';

/** A count of packets for which 0 makes no sense: it is reported and becomes 1. */
export const packetCount: Reader<number> = mapped(integer(0, uint32), (value, line) => {
  if (value > 0) return value;
  line.report(messages.adjusted, 1, `0 makes no sense for ${line.keyword}; 1 is used`);
  return 1;
});

/** A gap between packets; 0, which many files have, is complained about by keepalived and means none. */
export const spacing: Reader<Micros> = mapped(decimalSeconds(0, 4294.967295), (value, line) => {
  if (value === 0) line.report(messages.zeroSpacing, 1, line.keyword);
  return value;
});

const extraIfFormat = recordFormat<GarpExtraIf>(
  { all: { type: 'boolean' }, period: timeFormat(1_000_000).json },
  ['all', 'period'],
  ({ all, period }) => (period === 0 ? undefined : `${all ? 'all ' : ''}${decimal(period, 1_000_000)}`),
);

/** There are no VMACs. */
export const extraIfNote =
  'with all, one packet on each other interface; without, on VMACs, of which there are none';

/** `[all] <seconds>` */
export function extraIf(min: number): Reader<GarpExtraIf> {
  return {
    syntax: '[all] <seconds>',
    expects: `a number of seconds from ${String(min)} to 86400`,
    range: `${String(min)}..86400`,
    unit: 's',
    minWords: 1,
    format: extraIfFormat,
    read(line) {
      const all = line.word(1) === 'all';
      const index = all ? 2 : 1;
      if (all && line.words.length < 3) {
        line.report(messages.missingValue, 2, line.keyword, 'a number of seconds');
        return undefined;
      }
      const value = readInteger(line, index, min, 86400);
      // keepalived reads a number in each of the words that follow, too.
      if (value !== undefined)
        for (let more = index + 1; more < line.words.length; more++)
          if (readInteger(line, more, min, 86400) === undefined) return undefined;
      return value === undefined ? undefined : { all, period: seconds(value) };
    },
  };
}
