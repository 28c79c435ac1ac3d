// Machines as network namespaces on one bridge, and what may be wrong between them (nftables). Clients are outside, at the
// bridge. Everything is within the namespaces of tests/cluster/inside, and goes with them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';

const OUTSIDE = '10.0.0.1';
const ADDRESS_BITS = 24;
let cuts = 0;

function ip(...words) {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  assert.equal(status, 0, `ip ${words.join(' ')}: ${stderr}`);
}

export function makeBridge() {
  ip('link', 'add', 'bridge', 'type', 'bridge');
  ip('address', 'add', `${OUTSIDE}/${ADDRESS_BITS}`, 'dev', 'bridge');
  ip('link', 'set', 'bridge', 'up');
}

/** An address more at which what is outside can be reached. */
export function addAddress(address) {
  ip('address', 'add', `${address}/${ADDRESS_BITS}`, 'dev', 'bridge');
}

/** A machine on the bridge. */
export class Machine {
  constructor(name, host) {
    Object.assign(this, { name, host, wrap: ['ip', 'netns', 'exec', name] });
    ip('netns', 'add', name);
    ip('link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'outside', 'netns', name);
    ip('link', 'set', `to-${name}`, 'master', 'bridge', 'up');
    ip('-n', name, 'address', 'add', `${host}/${ADDRESS_BITS}`, 'dev', 'outside');
    ip('-n', name, 'link', 'set', 'outside', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    // What dies here is soon silent, as a machine without power is: its kernel does not go on to say that it has gone.
    ip('netns', 'exec', name, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries');
  }

  /**
   * From now on packets are dropped: of those that come `in` or go `out`, those from or to `others` (addresses; none: all),
   * `percent` of them. Gives what mends it. Several cuts of one machine do not know of each other.
   */
  cut({ others = [], ways = ['in', 'out'], percent = 100 } = {}) {
    const table = `inet cut_${++cuts}`;
    const rule = (way) => [
      others.length > 0 && `ip ${way === 'in' ? 'saddr' : 'daddr'} { ${others.join(', ')} }`,
      percent < 100 && `numgen random mod 100 < ${percent}`, 'drop',
    ].filter(Boolean).join(' ');
    const chain = (way) => `chain ${way} { type filter hook ${way}put priority 0; ${ways.includes(way) ? `${rule(way)};` : ''} }`;
    this.#rules(`table ${table} { ${chain('in')}; ${chain('out')}; }`);
    return () => this.#rules(`delete table ${table}`);
  }

  #rules(input) {
    const [command, ...words] = [...this.wrap, 'nft', '-f', '-'];
    const { status, stderr } = spawnSync(command, words, { input, encoding: 'utf8' });
    assert.equal(status, 0, `${input}: ${stderr}`);
  }

  /** The numbers of its processes. */
  get processes() {
    return spawnSync('ip', ['netns', 'pids', this.name], { encoding: 'utf8' }).stdout.trim().split('\n').filter(Boolean).map(Number);
  }

  signal(name) {
    for (const id of this.processes) {
      try {
        process.kill(id, name);
      } catch (error) {
        assert.equal(error.code, 'ESRCH');
      }
    }
  }
}

/** A long way: bytes between who connects to `listens` and `to` take `delay_ms` and up to `jitter_ms` more, in their order. */
export class LongWay {
  delay_ms = 0;
  jitter_ms = 0;

  static async between(listens, to) {
    const way = new LongWay();
    const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
      const far = net.connect({ ...to, noDelay: true, allowHalfOpen: true });
      way.#carry(near, far);
      way.#carry(far, near);
    });
    server.listen(listens.port, listens.host).unref();
    await once(server, 'listening');
    return way;
  }

  #carry(from, to) {
    let free = 0; // when what was sent last has arrived
    const later = (what) => {
      const now = performance.now();
      free = Math.max(free, now + this.delay_ms + Math.random() * this.jitter_ms);
      if (free <= now) what();
      else setTimeout(what, free - now);
    };
    from.on('data', (bytes) => later(() => to.write(bytes)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => {}); // told by `close`
    from.on('close', () => later(() => to.destroy()));
  }
}
