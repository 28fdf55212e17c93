import assert from 'node:assert/strict';
import test from 'node:test';
import { initialStanding, judge, type JudgeRules } from '../../../lib/checkers/judge.js';
import { seconds } from '../../../lib/units.js';

function rules(more: Partial<JudgeRules> = {}): JudgeRules {
  return {
    policy: 'plain',
    retry: 2,
    delayBeforeRetry: seconds(3),
    delayLoop: seconds(60),
    alpha: false,
    steps: 1,
    fastRecovery: false,
    ...more,
  };
}

/** Feeds results (`+` and `-`) and shows what came of each: verdict or `.`, and the delay to the next in seconds. */
function play(r: JudgeRules, results: string): readonly string[] {
  let standing = initialStanding(r);
  return [...results].map((mark) => {
    const judgement = judge(standing, r, mark === '+');
    standing = judgement.standing;
    return `${judgement.verdict ?? '.'} ${judgement.delay / 1_000_000}`;
  });
}

test('a first success settles the checker, later ones are silent [keepalived: retry]', () => {
  assert.deepEqual(play(rules(), '+++'), ['up 60', '. 60', '. 60']);
});

test('a first failure counts at once', () => {
  assert.deepEqual(play(rules(), '--'), ['down 60', '. 60']);
});

test('retry N takes N+1 failures in a row, each retry after delay_before_retry', () => {
  assert.deepEqual(play(rules(), '+-----+'), ['up 60', '. 3', '. 3', 'down 60', '. 60', '. 60', 'up 60']);
});

test('a success in between begins the count again', () => {
  assert.deepEqual(play(rules(), '+--+--'), ['up 60', '. 3', '. 3', '. 60', '. 3', '. 3']);
});

test('retry 0 forgives nothing', () => {
  assert.deepEqual(play(rules({ retry: 0 }), '+-'), ['up 60', 'down 60']);
});

test('alpha: the first result settles it either way', () => {
  assert.deepEqual(play(rules({ alpha: true }), '+'), ['up 60']);
  assert.deepEqual(play(rules({ alpha: true }), '--+'), ['down 60', '. 60', 'up 60']);
});

test('rounds: every round has retry+1 attempts, the first one and those while down too', () => {
  const smtp = rules({ policy: 'rounds' });
  assert.deepEqual(play(smtp, '------+'), ['. 3', '. 3', 'down 60', '. 3', '. 3', '. 60', 'up 60']);
});

test('steps: one url after the other, the verdict after the whole round', () => {
  assert.deepEqual(play(rules({ policy: 'steps', steps: 3 }), '++++'), ['. 60', '. 60', 'up 60', '. 60']);
});

test('steps: a single url that failed needs two successes to come back', () => {
  const http = rules({ policy: 'steps', retry: 1 });
  assert.deepEqual(play(http, '+---++'), ['up 60', '. 3', 'down 60', '. 60', '. 60', 'up 60']);
});

test('steps: while a url fails only that one is tried, then the list once more', () => {
  const http = rules({ policy: 'steps', steps: 3, retry: 0 });
  let standing = initialStanding(http);
  const tried: number[] = [];
  for (const mark of '+++' + '+-' + '-+' + '+++') {
    tried.push(standing.step);
    standing = judge(standing, http, mark === '+').standing;
  }
  assert.deepEqual(tried, [0, 1, 2, 0, 1, 1, 1, 0, 1, 2]);
  assert.equal(standing.isUp, true);
});

test('steps: fast_recovery leaves out the delays of the first round and of recovery', () => {
  const http = rules({ policy: 'steps', steps: 2, retry: 0, fastRecovery: true });
  assert.deepEqual(play(http, '+++-+++'), ['. 0', 'up 60', '. 60', 'down 60', '. 0', '. 0', 'up 60']);
});

test('steps: a longer delay_before_retry rules while the url is failed', () => {
  const http = rules({ policy: 'steps', retry: 0, delayBeforeRetry: seconds(90) });
  assert.deepEqual(play(http, '+-'), ['up 60', 'down 90']);
});
