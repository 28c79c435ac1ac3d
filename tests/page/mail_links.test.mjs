// The links that the messenger's door mails, followed in a real browser: an address is confirmed, a password is set anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./support/foyer.mjs";
import { mailsTo, PASSWORD } from "./support/office.mjs";
import { arrive, complaints, foyer } from "./support/scene.mjs";
import * as people from "./support/visitor.mjs";

const NEW_PASSWORD = "an even longer password";

/** The link of a kind that was mailed to an address, as path and query. */
function linkMailed(email, path) {
  const link = new RegExp(`${foyer.url}(${path}\\?id=\\d+&token=[\\w-]{128})`);
  const linkIn = (mail) => link.exec(mail.replace(/=\r?\n/g, "").replace(/=3D/g, "="))?.[1];
  return until(`a link to ${path} for ${email}`, () => mailsTo(foyer, email).map(linkIn).find(Boolean));
}

/** Signs up at the messenger's door, and gives the link that confirms the address. */
async function signUp(email) {
  const body = JSON.stringify({ name: "Ann", email, password: PASSWORD, os: "x", browser: "y" });
  const answer = await fetch(`${foyer.url}/api/user`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  assert.ok(answer.ok, await answer.text());
  return linkMailed(email, "/email/confirm-email");
}

/** Waits for a heading, and sees that nothing is wrong with the page and that no token is in the address bar. */
async function see(page, heading) {
  await page.getByRole("heading", { name: heading }).waitFor();
  assert.equal(new URL(page.url()).search, "");
  await people.seeNoFaults(page, heading);
}

/** Signs in from where a link leads to. */
async function signIn(page, email, password) {
  await page.getByRole("main").getByRole("link", { name: "Sign in", exact: true }).click();
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "My tickets" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/");
}

test("the mailed link confirms an address, once, and one can sign in", async () => {
  const email = "ann@example.com";
  const link = await signUp(email);
  const page = await arrive(link, people.PHONE);
  await see(page, "Your e-mail is confirmed");
  const late = await arrive(link, { ...people.PHONE, colorScheme: "dark" });
  await see(late, "This link is no longer good");
  await late.getByRole("link", { name: "Reset the password" }).click();
  await see(late, "Forgot your password?");
  await signIn(page, email, PASSWORD);
});

test("who cannot reach the server can try again", async () => {
  const link = await signUp("bea@example.com");
  const page = await arrive("/", { ...people.PHONE, locale: "ru" });
  await page.route("**/api/email/confirm-email?*", (route) => route.abort("connectionrefused"), { times: 1 });
  let asked = 0;
  page.on("request", (request) => void (asked += request.url().includes("/api/email/confirm-email")));
  await page.goto(link);
  await see(page, "Не получилось подтвердить почту");
  assert.equal(asked, 1);
  await page.getByRole("button", { name: "Повторить" }).click();
  await see(page, "Почта подтверждена");
  assert.equal(asked, 2);
});

test("a forgotten password is set anew by the mailed link, which confirms the address as well", async () => {
  const email = "eve@example.com";
  await signUp(email);
  const page = await arrive("/sign-in", people.PHONE);
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByRole("button", { name: "Send the link" }).click();
  await page.getByRole("alert").filter({ hasText: "name@example.com" }).waitFor();
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Send the link" }).click();
  await see(page, "Look into your mail");

  const link = await linkMailed(email, "/email/reset-password");
  await page.goto(link);
  await see(page, "Choose a new password");
  const set = async (password) => {
    await page.getByLabel("New password").fill(password);
    await page.getByRole("button", { name: "Set the password" }).click();
  };
  await set("short");
  await page.getByRole("alert").filter({ hasText: "at least eight" }).waitFor();
  await set("x".repeat(101));
  await page.getByRole("alert").filter({ hasText: "at most a hundred" }).waitFor();
  await set(NEW_PASSWORD);
  await see(page, "Your new password is set");
  await signIn(page, email, NEW_PASSWORD);

  await page.goto(link);
  await set(NEW_PASSWORD);
  await see(page, "This link is no longer good");
  await page.getByLabel("E-mail").fill(email);
});

test("the pages had nothing to complain of but the links that were refused", () => {
  const others = complaints.filter((text) => !/the server responded with a status of 40[01]/.test(text));
  assert.deepEqual(others, []);
});
