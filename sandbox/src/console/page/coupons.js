// Coupons as cards.

import { get, part, post } from './api.js';
import { attempt, button, chip, codePicture, copyButton, el, fill, heading, select, settled } from './dom.js';
import { day, moment, openid, span, stores, weekly, worth } from './format.js';
import { t } from './i18n.js';
import { openOffer } from './offer.js';
import { businessNow, listen, store } from './store.js';

// What is chosen stays while the page is open.
const chosen = { search: '', owner: '', state: '' };

const STATES = ['EFFECTIVE', 'USED', 'PENDING', 'CONFIRMING', 'EXPIRED', 'DELETED', 'DEACTIVATED'];
const KINDS = { EFFECTIVE: 'good', USED: 'done', PENDING: 'wait', CONFIRMING: 'wait', EXPIRED: 'warn', DELETED: 'off', DEACTIVATED: 'off' };

export const stateChip = (coupon) => [
  chip(t(`state.${coupon.state}`), KINDS[coupon.state]),
  coupon.locked ? chip(t('state.locked'), 'warn') : null,
];

export function show(view) {
  if (!chosen.owner && store.about) chosen.owner = store.about.openid;
  const list = el('div', { class: 'cards' });
  const count = el('p', { class: 'count-line', role: 'status' });
  const owner = el('select', { id: 'owner', 'aria-label': t('coupons.owner'), on: { change: () => { chosen.owner = owner.value; load(); } } });
  const state = select([['', t('coupons.all.states')], ...STATES.map((name) => [name, t(`state.${name}`)])], chosen.state,
    { 'aria-label': t('coupons.state'), on: { change: () => { chosen.state = state.value; load(); } } });
  const search = el('input', {
    type: 'search', value: chosen.search, placeholder: t('coupons.search'), 'aria-label': t('coupons.search'),
    on: { input: () => { chosen.search = search.value; load(); } },
  });
  fill(view,
    heading(t('nav.coupons'), t('coupons.lead'), button(t('offer.new'), () => openOffer(), { class: 'primary', id: 'new-coupon' })),
    el('div', { class: 'filters' }, search, owner, state, count), list);

  let [wanted, matching, owners] = [[], 0, []];
  const drawn = new Map();

  function draw() {
    fill(owner, el('option', { value: '*' }, t('coupons.all.owners')), owners.map((id) => el('option', { value: id }, openid(id))));
    owner.value = owners.includes(chosen.owner) ? chosen.owner : '*';
    const shown = wanted.length;
    count.textContent = shown < matching ? t('coupons.count.shown', { n: matching, shown }) : t('coupons.count', { n: shown });
    const focus = focused(list);
    const nodes = wanted.map((coupon) => {
      const text = JSON.stringify(coupon);
      const name = `${coupon.stock_id} ${coupon.coupon_code}`;
      const before = drawn.get(name);
      if (before?.text === text) return before.node;
      const node = card(coupon);
      drawn.set(name, { text, node });
      return node;
    });
    if (!wanted.length) nodes.push(el('p', { class: 'empty' }, t('coupons.none')));
    list.replaceChildren(...nodes);
    restore(list, focus);
  }

  let asked = 0;
  const load = settled(async () => {
    asked += 1;
    const mine = asked;
    const query = new URLSearchParams();
    if (chosen.owner !== '*') query.set('openid', chosen.owner);
    if (chosen.state) query.set('state', chosen.state);
    if (chosen.search.trim()) query.set('search', chosen.search.trim());
    const answer = await attempt(() => get(`/console/coupons?${query}`));
    // What was asked meanwhile counts.
    if (!answer || !list.isConnected || mine !== asked) return;
    ({ coupons: wanted, matching, owners } = answer);
    if (chosen.owner !== '*' && !owners.includes(chosen.owner)) {
      chosen.owner = '*';
      load();
      return;
    }
    draw();
  });
  load();
  const stop = listen(['coupons', 'clock'], load);
  return stop;
}

// The button that has the focus, so that its successor gets it.
function focused(list) {
  const node = document.activeElement;
  const article = list.contains(node) ? node.closest('article') : null;
  return article ? { code: article.dataset.code, stock: article.dataset.stock, act: node.dataset.act } : null;
}

function restore(list, focus) {
  if (!focus || list.contains(document.activeElement)) return;
  const article = [...list.children].find((node) => node.dataset.code === focus.code && node.dataset.stock === focus.stock);
  const same = article?.querySelector(`[data-act="${focus.act}"]:not(:disabled)`);
  (same ?? article?.querySelector('button'))?.focus({ preventScroll: true });
}

function card(coupon) {
  const code = coupon.coupon_code;
  const picture = (name, label, room) => codePicture(`/coupons/${part(code)}/${name}.svg`, t(label, { code }), name, room);
  return el('article', { class: `card ${coupon.state.toLowerCase()}`, data: { code, stock: coupon.stock_id }, 'aria-label': code },
    el('header', {}, el('h2', {}, coupon.name || code), el('span', { class: 'chips' }, isOlder(coupon) ? chip(t('family.busifavor'), 'off') : null, stateChip(coupon))),
    el('p', { class: 'card-code mono' }, code, copyButton(code)),
    el('div', { class: 'body' },
      picture('qr', 'coupons.qr', 100),
      el('dl', {},
        row('coupons.worth', worth(coupon.worth)),
        isOlder(coupon) ? row('coupons.stock', el('span', { class: 'mono' }, coupon.stock_id)) : null,
        isOlder(coupon) ? null : row('coupons.stores', stores(coupon.stores.scope === 'NONE' ? coupon.stock_stores : coupon.stores)),
        isOlder(coupon) ? null : row('coupons.hours', hoursOf(coupon)),
        row('coupons.owner', el('span', { class: 'mono', title: coupon.openid }, coupon.openid ? openid(coupon.openid) : t('coupons.anyone'))),
        coupon.use_request_no && coupon.state === 'USED' ? row('coupons.number', el('span', { class: 'mono' }, coupon.use_request_no)) : null)),
    picture('code128', 'coupons.bars'),
    validity(coupon),
    el('div', { class: 'acts', role: 'group', 'aria-label': t('coupons.acts', { code }) }, acts(coupon)));
}

// 商家券 have their own operations, and neither locks nor stores.
const isOlder = (coupon) => coupon.family === 'busifavor';

function row(label, ...value) {
  return el('div', {}, el('dt', {}, t(label)), el('dd', {}, value));
}

function hoursOf(coupon) {
  const { rule, days, from_s: from, to_s: to } = coupon.hours;
  if (rule === 'never') return t('hours.never');
  if (rule === 'weekly') return weekly(days, from, to);
  const stock = coupon.stock_hours;
  if (!stock) return t('hours.always');
  const period = stock.day_period_list?.[0] ?? { begin_time: 0, end_time: 86399 };
  return weekly(stock.day_list ?? [], period.begin_time, period.end_time);
}

function validity(coupon) {
  const [begin, end, now] = [coupon.valid_begin, coupon.valid_end, businessNow()];
  const done = Math.min(1, Math.max(0, (now - begin) / Math.max(1, end - begin)));
  const bar = el('span', { class: 'bar-fill' });
  bar.style.width = `${(done * 100).toFixed(1)}%`;
  let words = t('valid.left', { span: span(end - now) });
  if (now < begin) words = t('valid.begins', { span: span(begin - now) });
  if (now > end) words = t('valid.ended', { span: span(now - end) });
  return el('div', { class: `validity ${now > end ? 'over' : ''}`, title: `${moment(begin)} – ${moment(end)}` },
    el('span', { class: 'bar-line', 'aria-hidden': 'true' }, bar),
    el('span', {}, day(begin)), el('span', { class: 'middle' }, words), el('span', {}, day(end)));
}

function acts(coupon) {
  const is = (...states) => states.includes(coupon.state);
  const older = isOlder(coupon);
  const buttons = [
    ['expire', is('EFFECTIVE', 'PENDING')],
    older ? null : [coupon.locked ? 'unlock' : 'lock', true],
    ['delete', !is('DELETED')],
    ['redeem_elsewhere', is('EFFECTIVE')],
    ['return', is('USED')],
    older ? null : ['other_store', true],
  ].filter(Boolean);
  const place = older ? `busifavor-coupons/${part(coupon.stock_id)}` : 'coupons';
  if (coupon.stores.scope !== 'NONE') buttons.push(['any_store', true]);
  if (!is('EFFECTIVE') || coupon.locked) buttons.push(['renew', true]);
  return buttons.map(([act, enabled]) => button(t(`act.${act}`), () => attempt(
    () => post(`/console/${place}/${part(coupon.coupon_code)}/${act}`),
    t(`act.${act}.done`, { code: coupon.coupon_code }),
  ), { class: 'small', disabled: !enabled, data: { act }, title: older ? '' : t(`act.${act}.why`) }));
}
