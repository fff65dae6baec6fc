// One request and its answer, in a dialog.

import { get } from './api.js';
import { attempt, button, copy, el, fill } from './dom.js';
import { hours, operation, pretty } from './format.js';
import { current, maybe, said, t } from './i18n.js';
import { effect, faultChip, statusChip } from './marks.js';
import { store } from './store.js';
import { answerReport, requestReport } from './signature.js';

export async function openExchange(seq) {
  const dialog = document.getElementById('exchange');
  const found = await attempt(() => get(`/requests/${seq}`));
  if (!found) return;
  const { entry } = found;
  const refused = entry.http_status >= 400 ? meaning(entry, found.issue) : null;
  fill(dialog,
    el('header', {},
      el('div', {},
        el('h2', { id: 'exchange-title' }, entry.method ? `${operation(entry.operation)} · ${entry.method}` : t('log.connection')),
        el('p', { class: 'sub mono' }, `#${entry.seq} ${hours(entry.time)} ${found.url}`)),
      el('span', { class: 'chips' }, statusChip(entry), effect(entry), faultChip(entry.fault)),
      button(t('close'), () => dialog.close(), { class: 'quiet', id: 'exchange-close' })),
    el('div', { class: 'sheets', tabindex: '0', role: 'region', 'aria-label': t('exchange.all') },
      refused,
      found.signature ? requestReport(found.signature, entry) : null,
      found.first ? differences(found.first) : null,
      entry.method ? message(t('exchange.request'), `${entry.method} ${entry.target}`, entry.headers, entry.body) : null,
      entry.http_status
        ? message(t('exchange.answer'), String(entry.http_status), entry.response_headers, entry.response_body, entry.response_cut)
        : el('section', {}, el('h3', {}, t('exchange.answer')), el('p', { class: 'note' }, t('exchange.no.answer'))),
      found.answer ? answerReport(found.answer) : null),
    el('footer', {},
      entry.method ? button(t('exchange.curl'), () => attempt(async () => copy(await get(`/requests/${seq}/curl`))), { id: 'copy-curl' }) : null,
      el('span', { class: 'note' }, entry.method ? t('exchange.curl.note') : '',
        entry.method && store.about.is_remote ? [' ', el('a', { href: '/ca.pem', download: 'ca.pem' }, t('setup.ca'))] : null)));
  if (!dialog.open) dialog.showModal();
}

// What a refusal means, in words.
function meaning(entry, issue) {
  let body = {};
  try {
    body = JSON.parse(entry.response_body);
  } catch {
    // A gateway's page.
  }
  // WeChat Pay's own message is in Chinese.
  const sub = entry.sub_code && current() !== 'zh' ? maybe(`sub.${entry.sub_code}`) : '';
  const why = issue ? said(issue) : body.detail?.issue;
  return el('p', { class: 'refusal' }, el('strong', { class: 'mono' }, `${body.code ?? entry.http_status}${entry.sub_code ? ` · ${entry.sub_code}` : ''}`), ' ',
    body.message ?? '', sub ? el('span', { class: 'sub' }, sub) : null, why ? el('span', { class: 'sub' }, why) : null);
}

function message(title, first, headers, body, cut) {
  const text = pretty(body ?? '');
  return el('section', {},
    el('h3', {}, title),
    el('p', { class: 'mono first-line' }, first),
    el('table', { class: 'headers' }, el('tbody', {}, headers.map(([name, value]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', { class: 'mono' }, value))))),
    text ? el('pre', { class: 'body', tabindex: '0' }, text) : el('p', { class: 'note' }, t('exchange.no.body')),
    cut ? el('p', { class: 'note' }, t('exchange.cut')) : null);
}

function differences({ seq, differences: found }) {
  const value = (json) => (json === null ? '–' : typeof json === 'string' ? json : JSON.stringify(json));
  return el('section', {},
    el('h3', {}, t('exchange.first', { seq })),
    found.length
      ? el('table', { class: 'difference' },
        el('thead', {}, el('tr', {}, ['place', 'then', 'now'].map((name) => el('th', { scope: 'col' }, t(`difference.${name}`))))),
        el('tbody', {}, found.map(({ place, first, now }) => el('tr', {},
          el('th', { scope: 'row', class: 'mono' }, place), el('td', { class: 'mono' }, value(first)), el('td', { class: 'mono changed' }, value(now))))))
      : el('p', { class: 'note good' }, t('exchange.same')));
}
