// Reading /metrics strictly: what is not of the text format 0.0.4, or comes twice, is refused.
import assert from 'node:assert/strict';

const SAMPLE = /^([a-z][a-z0-9_]*)(?:\{([^}]*)\})? (\S+)$/;
const LABEL = /^([a-z_]+)="([^"\\\n]*)"$/;

/** The families of a text: [{name, type, help, samples: [{name, labels, value}]}]. */
export function familiesOf(text) {
  const families = [];
  const seen = new Set();
  const once = (what) => assert.ok(!seen.has(what) && seen.add(what), `twice: ${what}`);
  assert.ok(text.endsWith('\n'));
  const lines = text.slice(0, -1).split('\n');
  for (let i = 0; i < lines.length; i++) {
    const help = /^# HELP (\w+) (.+)$/.exec(lines[i]);
    if (help !== null) {
      once(help[1]);
      const type = new RegExp(`^# TYPE ${help[1]} (counter|gauge|histogram)$`).exec(lines[++i]);
      assert.ok(type, lines[i]);
      families.push({ name: help[1], help: help[2], type: type[1], samples: [] });
      continue;
    }
    const [, name, labels = '', value] = SAMPLE.exec(lines[i]) ?? assert.fail(`cannot be read: ${lines[i]}`);
    const { name: family, samples } = families.at(-1);
    assert.ok(name === family || /^(bucket|sum|count)$/.test(name.slice(family.length + 1)), lines[i]);
    once(`${name}{${labels}}`);
    const pairs = labels === '' ? [] : labels.split(',').map((label) => LABEL.exec(label)?.slice(1) ?? assert.fail(lines[i]));
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return families;
}

/** What a server tells now: `of(name, labels)` is the value of the one sample that has them, `find` the sample. */
export async function metricsOf(foyer) {
  const { status, text } = await foyer.request({ path: '/metrics' });
  assert.equal(status, 200);
  const samples = familiesOf(text).flatMap((family) => family.samples);
  const find = (name, labels = {}) => {
    const found = samples.filter((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
    assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}`);
    return found[0];
  };
  return { find, of: (name, labels) => find(name, labels).value };
}
