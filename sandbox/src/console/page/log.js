// Requests as they come: the table, and the narrow list beside the other views.

import { el, fill, heading, settled } from './dom.js';
import { effect, faultChip, statusChip } from './marks.js';
import { hours, operation, till } from './format.js';
import { maybe, t } from './i18n.js';
import { openExchange } from './exchange.js';
import { listen, store } from './store.js';

// Rows shown at once.
const MOST = 300;

const chosen = { words: '', only: '' };

const ONLY = {
  '': () => true,
  errors: (line) => !line.http_status || line.http_status >= 400,
  unsigned: (line) => line.method && !line.signature_ok,
  faults: (line) => Boolean(line.fault),
  effects: (line) => line.took_effect,
};

const about = (line) => `${line.operation} ${line.coupon_code ?? ''} ${line.number ?? ''} ${line.till} ${line.http_status ?? ''} ${line.fault ?? ''} ${maybe(`fault.${line.fault}`)}`.toLowerCase();

export function show(view) {
  const body = el('tbody');
  const words = el('input', { type: 'search', id: 'log-search', value: chosen.words, placeholder: t('log.search'), 'aria-label': t('log.search'),
    on: { input: () => { chosen.words = words.value; draw(); } } });
  const only = el('select', { 'aria-label': t('log.only'), on: { change: () => { chosen.only = only.value; draw(); } } },
    Object.keys(ONLY).map((name) => el('option', { value: name }, t(`only.${name || 'all'}`))));
  only.value = chosen.only;
  const pause = el('input', { type: 'checkbox', id: 'log-pause', on: { change: () => { if (!pause.checked) draw(); } } });
  const count = el('p', { class: 'count-line' });
  const columns = [['time'], ['till', 'wide'], ['operation'], ['about'], ['status'], ['fault', 'wide fault-column'], ['effect']];
  fill(view,
    heading(t('nav.log'), store.about.log_is_on ? t('log.lead') : t('log.off')),
    el('div', { class: 'filters' }, words, only, el('label', { class: 'check' }, pause, t('log.pause')), count),
    el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('nav.log') },
      el('table', { class: 'log' },
        el('thead', {}, el('tr', {}, columns.map(([name, width]) => el('th', { scope: 'col', class: name === 'fault' ? width : `${name} ${width ?? ''}` }, t(`column.${name}`))))),
        body)));

  function draw() {
    if (pause.checked) return;
    const wanted = chosen.words.trim().toLowerCase();
    const lines = store.lines.filter((line) => ONLY[chosen.only](line) && (!wanted || about(line).includes(wanted)));
    const shown = lines.slice(-MOST).reverse();
    const [kept, all] = [store.lines.length, store.lines.at(-1)?.seq ?? 0];
    const said = all > kept ? t('log.count.of', { n: lines.length, kept, all }) : t('log.count', { n: lines.length });
    count.textContent = said + (lines.length > MOST ? t('log.shown', { n: MOST }) : '');
    const focus = document.activeElement?.closest?.('tr')?.dataset.seq;
    fill(body, shown.length ? shown.map(row) : el('tr', {}, el('td', { colspan: '7', class: 'empty' }, t('log.none'))));
    if (focus) body.querySelector(`tr[data-seq="${focus}"] button`)?.focus({ preventScroll: true });
  }
  draw();
  return listen(['requests'], settled(draw, 50));
}

function row(line) {
  const open = () => openExchange(line.seq);
  return el('tr', { data: { seq: line.seq }, class: line.signature_ok || !line.method ? '' : 'unsigned', on: { click: open } },
    el('td', { class: 'time mono' }, el('button', { type: 'button', class: 'link', 'aria-label': t('log.open', { seq: line.seq, time: hours(line.time) }),
      on: { click: (event) => { event.stopPropagation(); open(); } } }, hours(line.time))),
    el('td', { class: 'till wide', title: line.till }, till(line.till)),
    el('td', { class: 'operation' }, el('span', {}, line.method ? operation(line.operation) : t('log.connection')), el('span', { class: 'sub mono' }, line.method ? line.operation : '')),
    el('td', { class: 'about mono' }, el('span', { class: 'narrow' }, line.method ? operation(line.operation) : t('log.connection')), el('span', {}, line.coupon_code ?? ''), el('span', { class: 'sub' }, line.number ?? '')),
    el('td', { class: 'status' }, statusChip(line), line.sub_code ? el('span', { class: 'sub mono', title: maybe(`sub.${line.sub_code}`) }, line.sub_code) : null),
    el('td', { class: 'fault-column wide' }, faultChip(line.fault)),
    el('td', { class: 'effect' }, effect(line) ?? ''));
}

let stopTicker = () => {};

export function showTicker(node) {
  stopTicker();
  const list = el('ol', { class: 'ticks' });
  fill(node, el('h2', {}, t('ticker')), list);
  const draw = () => {
    const lines = store.lines.slice(-40).reverse();
    const focus = document.activeElement?.dataset?.tick;
    fill(list, lines.length ? lines.map((line) => el('li', {}, el('button', { type: 'button', class: 'tick', data: { tick: line.seq }, on: { click: () => openExchange(line.seq) } },
      el('span', { class: 'mono time' }, hours(line.time)),
      el('span', { class: 'what' }, line.method ? operation(line.operation) : t('log.connection'), el('span', { class: 'sub mono' }, line.coupon_code ?? line.number ?? '')),
      el('span', { class: 'chips' }, statusChip(line), effect(line), faultChip(line.fault)))))
      : el('li', { class: 'empty' }, t('log.none')));
    if (focus) list.querySelector(`[data-tick="${focus}"]`)?.focus({ preventScroll: true });
  };
  draw();
  stopTicker = listen(['requests'], settled(draw, 50));
}
