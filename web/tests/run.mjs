// Runs every test of this folder in Node: Vite turns the TypeScript into what Node reads, node:test does the rest.
// Each file registers its tests as it is loaded; nothing is loaded after that.
import { webcrypto } from "node:crypto";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";

globalThis.crypto ??= webcrypto; // Node 18 has it, but not among the globals
const here = fileURLToPath(new URL(".", import.meta.url));
const server = await createServer({
  configFile: false,
  root: fileURLToPath(new URL("..", import.meta.url)),
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
  appType: "custom",
  logLevel: "error",
});
for (const file of readdirSync(here).filter((name) => name.endsWith(".test.ts"))) {
  await server.ssrLoadModule(`/tests/${file}`);
}
await server.close();
