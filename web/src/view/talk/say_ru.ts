// The words of the messenger in Russian.
import type { Say } from "./say_en";

const figures = new Intl.NumberFormat("ru");
const rules = new Intl.PluralRules("ru");

function plural(count: number, one: string, few: string, many: string): string {
  const rule = rules.select(count);
  return `${figures.format(count)} ${rule === "one" ? one : rule === "few" ? few : many}`;
}

const errors: Record<string, string> = {
  receiver_user_not_found: "По этому адресу никого нет. Найдите человека по имени.",
  this_person_takes_no_messages_from_you: "Этот человек не принимает от вас сообщений.",
  you_have_blocked_this_person: "Вы заблокировали этого человека. Разблокируйте, чтобы написать.",
  message_not_found: "Этого сообщения уже нет.",
  unauthorized: "Вы больше не вошли в аккаунт. Войдите, чтобы видеть сообщения.",
  rate_limited: "Слишком много сразу. Подождите немного и попробуйте снова.",
};

export const sayRu: Say = {
  error: (code) => errors[code] ?? "",
  title: "Сообщения",
  signIn: "Войдите, чтобы читать и писать сообщения.",
  lost: "Нет связи. Написанное сохранится и уйдёт, как только связь вернётся.",

  list: {
    name: "Беседы",
    find: "Поиск людей и сообщений",
    none: "Сообщений пока нет",
    noneLead: "Найдите человека по имени, чтобы написать ему. Вопрос о билете? Напишите в кассу со страницы бронирования.",
    pick: "Выберите беседу",
    pickLead: "Или найдите человека по имени и начните новую.",
    unread: (count) => plural(count, "непрочитанное сообщение", "непрочитанных сообщения", "непрочитанных сообщений"),
    online: "в сети",
    notify: "Сообщать о новых сообщениях",
    notifyLead: "Даже когда эта страница в фоне.",
  },

  find: {
    more: "Ещё",
    people: "Люди",
    messages: "Сообщения",
    searching: "Ищем…",
    nothing: "Ничего не нашлось. Попробуйте другие слова.",
    you: "Вы",
    within: (name) => `Поиск в беседе: ${name}`,
    count: (count) => plural(count, "сообщение найдено", "сообщения найдено", "сообщений найдено"),
  },

  room: {
    menu: "Действия с беседой",
    block: (name) => `Заблокировать: ${name}`,
    blockLead: "Вы не будете получать сообщений от этого человека и не сможете писать ему. Написанное останется.",
    unblock: "Разблокировать",
    blocked: (name) => `Вы заблокировали: ${name}.`,
    name: (name) => `Беседа: ${name}`,
    back: "Все беседы",
    search: "Поиск в этой беседе",
    typing: "печатает…",
    online: "в сети",
    offline: "не в сети",
    seen: (when) => `в сети ${when}`,
    empty: "Здесь пока ничего нет",
    emptyLead: (name) => `Напишите первое сообщение: ${name}.`,
    newFrom: "Новые сообщения",
    newest: "К последнему сообщению",
    arrived: (count) => plural(count, "новое сообщение", "новых сообщения", "новых сообщений"),
    fetching: "Загружаем сообщения…",
    begun: "Здесь началась беседа.",
    you: "Вы",
    today: "Сегодня",
    yesterday: "Вчера",
    somebody: "Кто-то",
  },

  message: {
    edited: "изменено",
    sending: "Отправляется",
    sent: "Отправлено",
    read: "Прочитано",
    failed: "Не отправлено",
    again: "Отправить ещё раз",
    giveUp: "Удалить",
    options: "Действия с этим сообщением",
    edit: "Изменить",
    copy: "Копировать",
    copied: "Скопировано",
    remove: "Удалить",
    sure: "Удалить у вас обоих?",
    yes: "Удалить",
    no: "Оставить",
  },

  write: {
    label: (name) => `Сообщение: ${name}`,
    placeholder: "Напишите сообщение",
    send: "Отправить",
    save: "Сохранить",
    editing: "Вы изменяете сообщение",
    cancel: "Отменить изменение",
    left: (count) => `Осталось знаков: ${figures.format(count)}`,
    tooLong: (count) => `Лишних знаков: ${figures.format(count)}`,
  },

  beside: {
    title: (name) => `Бронирования: ${name}`,
    open: "Показать бронирования",
    close: "Скрыть бронирования",
    none: "Бронирований нет.",
    mentioned: "упомянуто здесь",
    status: { pending: "Ещё не оплачено", confirmed: "Подтверждено", expired: "Истекло", cancelled: "Отменено" } as Record<string, string>,
    seats: (count) => plural(count, "билет", "билета", "билетов"),
  },

  settings: {
    lastSeen: "Показывать время последнего визита",
    lastSeenLead: "Если выключено, это и не хранится.",
    blocked: "Заблокированы",
    export: "Сохранить все мои данные файлом",
  },

  alert: {
    from: (name) => `Новое сообщение: ${name}`,
    close: "Закрыть",
  },
};
