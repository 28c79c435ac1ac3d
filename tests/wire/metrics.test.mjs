// /metrics as Prometheus reads it: the form, by the parser of its own Python client and by rules of ours, and what some
// figures say of what was just done.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { Line, Person, startFoyer } from './support/foyer.mjs';
import { until } from './support/faults.mjs';
import { familiesOf, metricsOf } from './support/metrics.mjs';
import { Client } from './support/messenger.mjs';

const TABLE = new URL('../../src/controllers/metrics.c', import.meta.url);
const PARSE = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
print(json.dumps({f.name: [f.type, f.documentation, len(f.samples)] for f in parse(sys.stdin.read())}))`;

let foyer;

before(async () => {
  foyer = await startFoyer({ LOOPS: '2' });
});
after(() => foyer.end());

describe('the form', () => {
  test('is one that the parser of Prometheus takes, with all families of the table', async () => {
    const { text, headers } = await foyer.request({ path: '/metrics' });
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', PARSE], { input: text, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const parsed = JSON.parse(stdout);
    const rows = [...readFileSync(TABLE, 'utf8').matchAll(/^ {4}\{"(\w+)", (COUNTER|GAUGE|HISTOGRAM),/gm)];
    assert.ok(rows.length > 40);
    for (const [, name, type] of rows) {
      const [parsedType, help] = parsed[name.replace(/_total$/, '')] ?? [];
      assert.equal(parsedType, type.toLowerCase(), name);
      assert.ok(help.endsWith('.'), name);
    }
  });

  test('keeps the rules of names, types and histograms', async () => {
    const families = familiesOf((await foyer.request({ path: '/metrics' })).text);
    for (const { name, type, samples } of families) {
      assert.equal(type === 'counter', name.endsWith('_total'), `${name} is a ${type}`);
      const histograms = new Map();
      for (const sample of samples) {
        assert.ok(Number.isFinite(sample.value) && sample.value >= 0, `${name} ${sample.value}`);
        if (type !== 'histogram') {
          assert.equal(sample.name, name);
          continue;
        }
        const { le, ...labels } = sample.labels;
        const key = JSON.stringify(labels);
        const one = histograms.get(key) ?? histograms.set(key, { buckets: [] }).get(key);
        const part = sample.name.slice(name.length + 1);
        if (part === 'bucket') one.buckets.push([le === '+Inf' ? Infinity : Number(le), sample.value]);
        else one[part] = sample.value;
      }
      for (const [labels, { buckets, sum, count }] of histograms) {
        assert.ok(buckets.every(([bound, upto], i) => i === 0 || (bound > buckets[i - 1][0] && upto >= buckets[i - 1][1])), name + labels);
        assert.deepEqual(buckets.at(-1), [Infinity, count], name + labels);
        assert.equal(sum > 0, count > 0, name + labels);
      }
    }
  });
});

describe('the figures', () => {
  test('tell of requests by door and status, of connections, subscriptions and calls', async () => {
    const before = await metricsOf(foyer);
    await foyer.request({ path: '/no/such.file' });
    await foyer.request({ path: '/api/v1/nothing' });
    const person = await Person.signUp(foyer);
    const line = await person.browser.line();
    await line.ask('hall.subscribe', { id: 1 }, 'watch');
    await line.ask('viewers.subscribe', { id: 1 }, 'viewers');
    const { data } = await line.ask('hall.update_seat_status', { hall_id: 1, seat_id: 1, status: 'RESERVED', reply: 'delta' });
    assert.equal(data.seats.length, 1);
    const client = new Client(foyer, 4, {});
    await until(() => client.upgraded, 'the client’s upgrade');
    await until(async () => (await metricsOf(foyer)).of('foyer_websocket_connections', { door: 'socketio' }) === 1, 'its socket');
    const now = await metricsOf(foyer);
    const more = (name, labels) => now.of(name, labels) - before.of(name, labels);
    assert.equal(more('foyer_http_requests_total', { door: 'page', status: '4xx' }), 1);
    assert.equal(more('foyer_http_requests_total', { door: 'tickets', status: '4xx' }), 1);
    assert.equal(more('foyer_http_requests_total', { door: 'seats', status: '2xx' }), 2);
    assert.equal(more('foyer_http_requests_total', { door: 'seats', status: '1xx' }), 1);
    assert.equal(more('foyer_http_request_seconds_count', { door: 'seats' }), 3);
    assert.ok(more('foyer_http_requests_total', { door: 'socketio', status: '2xx' }) >= 2);
    assert.equal(now.of('foyer_websocket_connections', { door: 'seats' }), 1);
    assert.equal(now.of('foyer_engineio_sessions'), 1);
    assert.equal(now.of('foyer_subscriptions', { topic: 'hall' }), 1);
    assert.equal(now.of('foyer_subscriptions', { topic: 'viewers' }), 1);
    assert.ok(more('foyer_updates_total', { topic: 'hall' }) >= 1);
    assert.ok(more('foyer_websocket_messages_total') >= 3);
    assert.ok(more('foyer_store_batch_calls_sum') >= 2);
    assert.ok(more('foyer_call_seconds_count', { kind: 'write' }) >= 2);
    assert.equal(more('foyer_store_batch_calls_sum'), more('foyer_store_calls_total'));
    assert.equal(more('foyer_store_commit_seconds_count'), more('foyer_store_commits_total'));
    assert.equal(now.of('foyer_database_up'), 1);
    assert.ok(now.of('foyer_concert_seats', { concert: '1' }) > 0);
    client.leave();
    await line.close();
    const gone = async () => {
      const then = await metricsOf(foyer);
      return then.of('foyer_websocket_connections', { door: 'seats' }) + then.of('foyer_engineio_sessions') +
        then.of('foyer_websocket_connections', { door: 'socketio' }) + then.of('foyer_subscriptions', { topic: 'hall' }) === 0;
    };
    await until(gone, 'all has gone again');
  });

  test('tell of the process', async () => {
    const now = await metricsOf(foyer);
    assert.ok(Math.abs(now.of('process_start_time_seconds') - Date.now() / 1000) < 600);
    assert.ok(now.of('process_resident_memory_bytes') > 1e6);
    assert.ok(now.of('process_open_fds') > 5 && now.of('process_open_fds') < now.of('process_max_fds'));
    assert.ok(now.of('process_cpu_seconds_total') >= now.of('foyer_loop_cpu_seconds_total', { loop: '0' }));
    assert.match(now.find('foyer_build_info').labels.build_id, /^[0-9a-f]{40}$/);
    const line = await Line.open(foyer);
    assert.equal((await metricsOf(foyer)).of('process_open_fds'), now.of('process_open_fds') + 1);
    await line.close();
  });
});
