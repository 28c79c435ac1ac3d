// build/protocol_server (path in PROTOCOL_SERVER) for tests of Engine.IO and Socket.IO.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

// Starts one; `env` adds to the environment (LOOPS, RECOVERY_MS). Gives its address and how to stop it.
export async function startProtocolServer(env = {}) {
  const program = process.env.PROTOCOL_SERVER ?? new URL('../../../build/protocol_server', import.meta.url).pathname;
  const child = spawn(program, {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  const url = String(line).match(/http:\/\/[\d.]+:\d+/)[0];
  return {
    url,
    port: Number(new URL(url).port),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}
