// How the page is built: one script, one style sheet, and the QR drawer as a part that is fetched when it is needed.
import { defineConfig } from "vite";
import { svelte } from "@sveltejs/vite-plugin-svelte";

/** The server a page under development talks to. */
const server = process.env.FOYER_URL ?? "http://127.0.0.1:3000";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    proxy: {
      "/api": server,
      "/plan": server,
      "/ws": { target: server.replace(/^http/, "ws"), ws: true },
    },
  },
});
