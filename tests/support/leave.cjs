// For `node --require`: a test file whose tests are over leaves, whatever it has left open (a server of a test that failed),
// instead of waiting for it until it is killed.
const { after } = require('node:test');

const LEAVES_MS = 20_000; // what is closed after the last test is closed by then

after(() => {
  setTimeout(() => {
    process.stderr.write(`# left open: ${process.getActiveResourcesInfo().join(' ')}\n`);
    process.exit();
  }, LEAVES_MS).unref();
});
