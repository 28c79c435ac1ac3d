// What people do at the box office: sign up with the code that was mailed, read their tickets, stand at the door.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./foyer.mjs";
import { signUp as signUpByName } from "./visitor.mjs";

export const PASSWORD = "a long password";

/** The concerts: the demo's one without numbered seats and one in a hall, and a test's own. */
export async function concertsOf(foyer) {
  const answer = await (await fetch(`${foyer.url}/api/v1/concerts`)).json();
  const all = Array.isArray(answer) ? answer : answer.concerts;
  const [draw, demo] = [all.find(({ name }) => name === "The Draw"), all.filter(({ name }) => name !== "The Draw")];
  return { plain: demo.find(({ hallId }) => hallId === null), hall: demo.find(({ hallId }) => hallId !== null), draw };
}

/** The mails to an address, from the folder where the demo puts them. */
export function mailsTo(foyer, email) {
  const folder = join(foyer.folder, "mail");
  const mails = readdirSync(folder).filter((name) => name.endsWith(".eml")).map((name) => readFileSync(join(folder, name), "utf8"));
  return mails.filter((mail) => new RegExp(`^To:.*${email}`, "im").test(mail));
}

/** The code mailed to an address. */
export async function codeMailed(foyer, email) {
  const codeIn = (mail) => /^\s*(\d{6})\s*$/m.exec(mail)?.[1];
  return until(`a code for ${email}`, () => mailsTo(foyer, email).map(codeIn).find(Boolean));
}

/** Fills the form of a new account and sends it. */
export async function fillSignUp(page, email) {
  await page.getByLabel("Your name").fill("Ann Lee");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByLabel("Six-digit code").waitFor();
}

/** From the sign-in page to an account of one's own; ends where the person was before. */
export async function signUp(page, foyer, email) {
  await page.getByRole("link", { name: "Create an account" }).click();
  await fillSignUp(page, email);
  await page.getByLabel("Six-digit code").fill(await codeMailed(foyer, email));
  await page.getByRole("link", { name: "My tickets" }).waitFor();
}

/** Somebody of the staff, at a path. */
export async function staffAt(arrive, foyer, path, name, options) {
  const page = await arrive("/", options);
  await signUpByName(page, name);
  foyer.command("user", "role", name, "staff");
  // The server hears of what a command has changed within a second.
  const known = () => page.evaluate(async () => (await fetch("/api/v1/booking/all")).ok);
  await until(`${name} to be staff`, known);
  await page.goto(path);
  return page;
}

/** The codes of the tickets that a booking's page shows. */
export async function codesOf(page) {
  const id = page.url().split("/").pop();
  return page.evaluate(async (booking) => {
    const answer = await (await fetch(`/api/v1/booking/${booking}/tickets`)).json();
    return answer.tickets.map((ticket) => ticket.code);
  }, id);
}

/** Types a code at the door and reads the verdict. */
export async function checkIn(door, code, verdict) {
  await door.getByLabel("Ticket code").fill(code);
  await door.getByRole("button", { name: "Check in" }).click();
  await door.getByRole("alert").filter({ hasText: verdict }).waitFor();
  await door.getByRole("button", { name: "Next" }).click();
}
