/** What is said of a name that nothing has. */
import { nearest } from '../config/suggest.js';
import { KaError } from '../errors.js';

/** Names that are listed. */
const listed = 8;

/** @param what `instance`. @param known the names that there are. */
export function unknownName(what: string, name: string, known: readonly string[]): KaError {
  const near = nearest(name, known);
  const more = known.length > listed ? ` and ${known.length - listed} more` : '';
  const there =
    near !== undefined
      ? `did you mean '${near}'?`
      : known.length === 0
        ? 'there are none'
        : `there are ${known.slice(0, listed).join(', ')}${more}`;
  return new KaError('KA_CONTROL_UNKNOWN', `there is no ${what} '${name}'; ${there}`);
}
