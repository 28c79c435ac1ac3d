// The layers of the page hold: who may know whom, and no two files each other.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const SOURCE = resolve("src");

/** What each folder may import beside itself. */
const MAY_KNOW: Record<string, readonly string[]> = {
  wire: [],
  state: ["wire"],
  canvas: ["state", "wire"],
  actions: ["state", "wire"],
  view: ["actions", "canvas", "state", "wire"],
};

/** All source files below a folder. */
function filesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesIn(path);
    return /\.(ts|svelte)$/.test(name) ? [path] : [];
  });
}

/** The files of ours that a file imports. */
function importsOf(file: string): string[] {
  const found = readFileSync(file, "utf8").matchAll(/(?:from|import) "(\.[^"]*)"/g);
  return [...found]
    .map(([, path]) => resolve(dirname(file), path))
    .map((path) => [path, `${path}.ts`].find((name) => files.includes(name)) ?? path)
    .filter((path) => files.includes(path));
}

const files = filesIn(SOURCE);
const folderOf = (file: string) => relative(SOURCE, file).split("/")[0];

test("a file imports only from the layers below its own", () => {
  const climbing = files.flatMap((file) =>
    importsOf(file)
      .filter((other) => folderOf(file) in MAY_KNOW && folderOf(other) !== folderOf(file))
      .filter((other) => !MAY_KNOW[folderOf(file)].includes(folderOf(other)))
      .map((other) => `${relative(SOURCE, file)} imports ${relative(SOURCE, other)}`),
  );
  assert.deepEqual(climbing, []);
});

test("no file imports itself by way of others", () => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    assert.equal(at, -1, `a cycle: ${[...path.slice(at), file].map((name) => relative(SOURCE, name)).join(" > ")}`);
    if (done.has(file)) return;
    for (const other of importsOf(file)) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test("the layers below the view touch neither Svelte nor, save the canvas, the document", () => {
  const below = files.filter((file) => ["wire", "state", "actions"].includes(folderOf(file)));
  for (const file of below) {
    const text = readFileSync(file, "utf8");
    assert.doesNotMatch(text, /from "svelte|\bdocument\./, relative(SOURCE, file));
  }
});

test("no file is longer than 500 lines", () => {
  for (const file of files) {
    const lines = readFileSync(file, "utf8").split("\n").length;
    assert.ok(lines <= 500, `${relative(SOURCE, file)} has ${lines} lines`);
  }
});
