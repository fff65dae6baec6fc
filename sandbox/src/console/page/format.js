// Numbers and times for people.

import { locale, maybe, t } from './i18n.js';

const ZONE = 'Asia/Shanghai';

const made = new Map();
function formatter(options) {
  const key = locale() + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(locale(), { timeZone: ZONE, hourCycle: 'h23', ...options }));
  return made.get(key);
}

// Seconds since 1970.
export const clock = (unix) =>
  formatter({ hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(unix * 1000));
export const day = (unix) =>
  formatter(locale() === 'zh-CN' ? { year: 'numeric', month: '2-digit', day: '2-digit' } : { year: 'numeric', month: 'short', day: 'numeric' }).format(new Date(unix * 1000));
export const moment = (unix) => `${day(unix)} ${clock(unix)}`;

// `2025-08-03T12:00:00+08:00`
export const hours = (rfc3339) => rfc3339.slice(11, 19);
export const unix = (rfc3339) => Date.parse(rfc3339) / 1000;

export function yuan(fen) {
  const text = (fen / 100).toFixed(2);
  return `¥${text.replace(/\.00$/, '')}`;
}

// What a coupon takes off.
export function worth(terms) {
  const over = terms.threshold ? t('worth.over', { price: yuan(terms.threshold) }) : t('worth.any');
  switch (terms.type) {
    case 'NORMAL':
      return t('worth.NORMAL', { over, off: yuan(terms.discount_amount ?? 0) });
    case 'DISCOUNT':
      return t('worth.DISCOUNT', { over, percent: terms.percent_off ?? 0, fold: (100 - (terms.percent_off ?? 0)) / 10 });
    case 'EXCHANGE':
      return t('worth.EXCHANGE', { over, price: yuan(terms.exchange_price ?? 0) });
    default:
      return '–';
  }
}

export function span(seconds) {
  const left = Math.abs(Math.round(seconds));
  if (left < 90) return t('span.s', { n: left });
  if (left < 90 * 60) return t('span.m', { n: Math.round(left / 60) });
  if (left < 36 * 3600) return t('span.h', { n: Math.round(left / 3600) });
  return t('span.d', { n: Math.round(left / 86400) });
}

// `600` as 10 minutes, `86400` as 1 day: steps are round.
export function step(seconds) {
  const left = Math.abs(seconds);
  const [unit, name] = [[86400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']].find(([length]) => left % length === 0);
  const n = left / unit;
  return n === 1 ? t(`step.one.${name}`) : t(`span.${name}`, { n });
}

export const openid = (id) => (id.length > 12 ? `${id.slice(0, 4)}…${id.slice(-4)}` : id);

// The first product of a `User-Agent`.
export const till = (agent) => agent.split(' ')[0] || '–';

export const operation = (name) => maybe(`op.${name}`, name || '–');

export function stores(scope) {
  switch (scope?.scope) {
    case 'ALL':
      return t('stores.ALL');
    case 'SPECIFIC':
      return t('stores.SPECIFIC', { list: (scope.stores ?? []).join(', ') });
    default:
      return t('stores.NONE');
  }
}

const DAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'];

const time = (seconds) => {
  const minutes = Math.floor((seconds + 1) / 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
};

export function weekly(days, from, to) {
  const list = DAYS.filter((name) => days.includes(name)).map((name) => t(`day.${name}`));
  const all = list.length === 7 || list.length === 0 ? t('day.all') : list.join(t('day.joint'));
  return `${all} ${time(from)}–${time(to)}`;
}

export { DAYS };

export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
