// What a mailed link names, and what following it can come to, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { askForLink, confirmAddress, readMailedLink, setPassword } from "../src/actions/mailed_links";
import { Failure, failureCode } from "../src/wire/failure";
import type { TalkAsk } from "../src/wire/talk";

const link = { id: "7", token: "a-b_C" };

test("a link is read from its query, and what is none is not", () => {
  assert.deepEqual(readMailedLink("?id=7&token=a-b_C"), link);
  for (const query of ["", "?id=7", "?token=a", "?id=x&token=a", "?id=0&token=a", "?id=7&token=", "?id=7&token=a%26b", "?id=7&token=a&id=8"]) {
    assert.equal(readMailedLink(query), null, query);
  }
});

test("the door is asked as its contract says", async () => {
  const asked: TalkAsk[] = [];
  const door = { askTalk: async (ask: TalkAsk) => void asked.push(ask) };
  await confirmAddress(door, link);
  await setPassword(door, link, "a new password");
  await askForLink(door, "ann@example.com");
  assert.deepEqual(asked, [
    { method: "GET", path: "/email/confirm-email?id=7&token=a-b_C" },
    { method: "POST", path: "/email/reset-password?id=7&token=a-b_C", body: { newPassword: "a new password" } },
    { method: "POST", path: "/user/reset-password", body: { email: "ann@example.com" } },
  ]);
});

test("a link that is refused is no longer good; any other failure stays what it is", async () => {
  const failed = (code: string) =>
    confirmAddress({ askTalk: () => Promise.reject(new Failure(code)) }, link).then(() => "", failureCode);
  for (const code of ["invalid_confirm_email_link", "unauthorized", "user_not_found"]) assert.equal(await failed(code), "link_invalid");
  for (const code of ["Offline", "rate_limited", "InternalServerError"]) assert.equal(await failed(code), code);
});
