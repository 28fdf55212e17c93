/** What a reload and the end of the daemon tell of a virtual server. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { PoolEffect } from '../../../lib/lvs/pool.js';
import { initialPool } from '../../../lib/lvs/pool.js';
import { reloadEffects, serverPlaces, shutdownEffects, type Unit } from '../../../lib/lvs/unit.js';
import { realServer, virtualServer } from '../../support/lvs-model.js';

function unit(more: Parameters<typeof virtualServer>[0] = {}): Unit {
  const config = virtualServer({ realServer: [realServer(), realServer({ address: '10.1.0.2' })], ...more });
  return {
    config,
    index: 0,
    name: 'VS',
    serverNames: config.realServer.map(({ address }) => address),
    sorryName: '',
    places: serverPlaces(config.realServer),
    state: { ...initialPool(config), quorum: { isUp: true, isSorryActive: false } },
    checkers: [],
  };
}

const said = (effects: readonly PoolEffect[]): readonly string[] =>
  effects.map((effect) => {
    if (effect.kind === 'log') return effect.text;
    if (effect.kind === 'server') return `RS ${effect.server} ${effect.isUp ? 'UP' : 'DOWN'}`;
    return effect.kind === 'virtual' ? `VS ${effect.isUp ? 'UP' : 'DOWN'}` : effect.kind;
  });

test('a virtual server that a reload removes goes down, and its servers before it', () => {
  assert.deepEqual(said(reloadEffects(unit(), undefined)), [
    'Removing Virtual Server VS',
    'Removing service 10.1.0.1 from VS VS',
    'RS 0 DOWN',
    'Removing service 10.1.0.2 from VS VS',
    'RS 1 DOWN',
    'VS DOWN',
  ]);
});

test('at the end only omega tells anybody; a flush says nothing of single servers [keepalived: omega]', () => {
  const lines = ['10.1.0.1', '10.1.0.2'].map((name) => `Shutting down service ${name} from VS VS`);
  assert.deepEqual(said(shutdownEffects(unit(), false)), lines);
  assert.deepEqual(said(shutdownEffects(unit({ omega: true }), false)), [
    lines[0],
    'RS 0 DOWN',
    lines[1],
    'RS 1 DOWN',
    'VS DOWN',
  ]);
  assert.deepEqual(said(shutdownEffects(unit({ omega: true }), true)), ['VS DOWN']);
});
