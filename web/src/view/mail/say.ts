// The words of the mailed links, and what an error means here or anywhere.
import { spoken, words } from "../words.svelte";

const en = {
  errors: {
    Timeout: "The server did not answer in time. Try again in a moment.",
    rate_limited: "That was too often. Try again in an hour.",
    password_long: "A password has at most a hundred characters.",
  } as Record<string, string>,

  confirming: "Confirming your e-mail…",
  confirmed: "Your e-mail is confirmed",
  confirmedLead: "You can sign in with it now.",
  notConfirmed: "Your e-mail could not be confirmed",

  stale: "This link is no longer good",
  staleConfirm: "It may have been used before: then simply sign in. If that is refused, reset the password; this confirms your e-mail as well.",
  staleReset: "It works once, for 24 hours, and only the newest one does. Have another one mailed to you.",
  reset: "Reset the password",

  newTitle: "Choose a new password",
  newLead: "Setting it signs you out everywhere.",
  newLabel: "New password",
  newHint: "From 8 to 100 characters.",
  set: "Set the password",
  done: "Your new password is set",
  doneLead: "You were signed out everywhere. Sign in with the new password.",

  forgotLead: "Type the e-mail of your account. We send you a link to choose a new password.",
  send: "Send the link",
  sent: "Look into your mail",
  sentLead: (email: string) => `If there is an account with ${email}, a link is on its way there. It is good for 24 hours.`,
};

const ru: typeof en = {
  errors: {
    Timeout: "Сервер не ответил вовремя. Попробуйте ещё раз чуть позже.",
    rate_limited: "Слишком часто. Попробуйте ещё раз через час.",
    password_long: "В пароле не больше ста символов.",
  },

  confirming: "Подтверждаем почту…",
  confirmed: "Почта подтверждена",
  confirmedLead: "Теперь можно войти.",
  notConfirmed: "Не получилось подтвердить почту",

  stale: "Эта ссылка больше не действует",
  staleConfirm: "Возможно, по ней уже перешли: тогда просто войдите. Если войти не получается, смените пароль: это подтвердит и почту.",
  staleReset: "Ссылка действует один раз и только 24 часа, и годится лишь самая новая. Запросите другую.",
  reset: "Сменить пароль",

  newTitle: "Придумайте новый пароль",
  newLead: "После этого вы выйдете на всех устройствах.",
  newLabel: "Новый пароль",
  newHint: "От 8 до 100 символов.",
  set: "Сохранить пароль",
  done: "Новый пароль сохранён",
  doneLead: "Вы вышли на всех устройствах. Войдите с новым паролем.",

  forgotLead: "Введите почту вашего аккаунта. Мы пришлём ссылку, по которой можно задать новый пароль.",
  send: "Отправить ссылку",
  sent: "Проверьте почту",
  sentLead: (email) => `Если аккаунт с почтой ${email} есть, ссылка уже отправлена туда. Она действует 24 часа.`,
};

/** The words of the mailed links in the current language. */
export const say = spoken({ en, ru });

/** What went wrong and what to do next. */
export function sayError(code: string): string {
  return say.errors[code] ?? words.error(code);
}
