/** Who else speaks for our virtual routers? Judges the adverts that were heard against the configuration. */
import type { HeardAdverts } from '../../../bindings/listener.js';
import type { VrrpInstance } from '../../config/model-vrrp.js';
import type { Finding } from './finding.js';
import { endingOf, vrrpSpeakers } from './speakers.js';

/**
 * @param isRunning a daemon of this machine runs on this configuration: its own adverts are no news.
 */
export function advertFindings(
  instance: VrrpInstance,
  heard: readonly HeardAdverts[],
  isRunning: boolean,
): readonly Finding[] {
  const { name, virtualRouterId: vrid } = instance;
  const mine = heard.filter(
    (each) => each.vrid === vrid && each.source.includes(':') === (instance.family === 6),
  );
  const masters = mine.filter((each) => each.priority > 0);
  return [
    ...mine.flatMap((each) => judge(instance, each, isRunning)),
    ...(new Set(masters.map(({ source }) => source)).size > 1
      ? [
          {
            check: 'adverts' as const,
            severity: 'problem' as const,
            message: `(${name}) more than one node is master of VRID ${vrid}: ${masters.map(({ source, priority }) => `${source} (priority ${priority})`).join(', ')}; they do not hear each other, or do not understand what they hear`,
          },
        ]
      : []),
  ];
}

function judge(instance: VrrpInstance, heard: HeardAdverts, isRunning: boolean): readonly Finding[] {
  const { name, virtualRouterId: vrid } = instance;
  const { source, priority } = heard;
  const problem = (message: string, mend?: string): readonly Finding[] => [
    {
      check: 'adverts',
      severity: 'problem',
      message: `(${name}) ${message}`,
      ...(mend === undefined ? {} : { mend }),
    },
  ];
  if (heard.isOwn) {
    if (isRunning) return [];
    const [other, ...more] = vrrpSpeakers();
    const who = other === undefined ? '' : ` (${other.name}, process ${other.pid})`;
    return problem(
      `another program on this machine${who} speaks for VRID ${vrid} from ${source} (priority ${priority})`,
      // Of several nobody knows which it is.
      other === undefined || more.length > 0 ? undefined : endingOf(other),
    );
  }
  const ours = new Set(instance.virtualIpaddress.map(({ address }) => address));
  const others = heard.addresses.filter((address) => !ours.has(address));
  if (heard.addresses.length > 0 && others.length === heard.addresses.length)
    return problem(
      `${source} uses VRID ${vrid} for other addresses (${others.join(', ')}): two groups share one VRID on this segment; give this one another virtual_router_id`,
    );
  if (heard.version !== instance.version)
    return problem(
      `${source} speaks VRRP version ${heard.version} for VRID ${vrid}, this file says version ${instance.version}`,
    );
  if (instance.isUnicast && !instance.unicastPeer.some(({ address }) => address === source))
    return problem(`${source} sends adverts for VRID ${vrid} and is no unicast_peer`);
  if (others.length > 0)
    return problem(
      `${source} and this file have different addresses for VRID ${vrid}: ${others.join(', ')} only there`,
    );
  const message = `(${name}) ${source} is master of VRID ${vrid} with priority ${priority}, as a peer may be`;
  return [{ check: 'adverts', severity: 'note', message }];
}
