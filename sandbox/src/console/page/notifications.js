// Notifications: what was sent, how often, and what the receiver said.

import { get, post } from './api.js';
import { attempt, button, chip, el, field, fill, select, settled } from './dom.js';
import { hours, pretty } from './format.js';
import { maybe, said, t } from './i18n.js';
import { faultChip } from './marks.js';
import { listen, store } from './store.js';

const KINDS = { waiting: 'wait', delivered: 'good', given_up: 'bad', not_sent: 'off' };
const SPOILS = ['unsigned', 'wrong_signature', 'signtest', 'stale', 'unknown_serial', 'merchant_serial', 'tampered_body', 'wrong_apiv3_key', 'damaged_ciphertext'];
const EVENTS = ['PRODUCT_COUPON_SP.SEND', 'PRODUCT_COUPON_SP.USE', 'PRODUCT_COUPON_SP.RETURN', 'PRODUCT_COUPON_SP.CONFIRM', 'PRODUCT_COUPON_SP.DEACTIVATE'];
// Shown at once.
const MOST = 50;

export function section() {
  const url = el('input', { id: 'notify-url', type: 'url', autocomplete: 'off', class: 'mono', placeholder: 'http://127.0.0.1:8080/notify', value: store.state?.notify_url ?? '' });
  const interval = el('input', { id: 'notify-interval', inputmode: 'numeric', placeholder: '60000' });
  const event = el('input', { id: 'notify-event', class: 'mono', list: 'notify-events', value: EVENTS[0] });
  const spoil = select([['', t('notify.spoil.none')], ...SPOILS.map((kind) => [kind, maybe(`fault.${kind}`, kind)])], '', { id: 'notify-spoil' });
  const list = el('div', { class: 'deliveries' });

  const send = (body, done) => attempt(() => post('/notifications', body), done);
  const save = () => {
    const body = { notify_url: url.value.trim() };
    if (/^\d+$/.test(interval.value.trim())) body.interval_ms = Number(interval.value);
    return send(body, t('notify.saved'));
  };
  const example = () => {
    const body = { event_type: event.value.trim(), resource: { event_time: new Date().toISOString(), brand_id: store.about.brand_id, openid: store.about.openid, coupon_code: 'SBX_EFFECTIVE_1' } };
    if (spoil.value) body.fault = spoil.value;
    return send(body, t('notify.sent'));
  };

  const load = settled(async () => {
    const all = (await attempt(() => get('/notifications'))) ?? [];
    // What somebody has opened stays open.
    const open = new Set([...list.querySelectorAll('details[open]')].map((node) => node.dataset.seq));
    const focus = document.activeElement?.closest?.('.delivery')?.dataset.seq;
    fill(list, all.length ? all.slice(-MOST).reverse().map((one) => delivery(one, open.has(String(one.seq)), () => spoil.value, send)) : el('p', { class: 'empty' }, t('notify.none')));
    if (focus) list.querySelector(`[data-seq="${focus}"] summary`)?.focus({ preventScroll: true });
  });
  load();
  const stop = listen(['notifications'], load);

  const node = el('section', { class: 'panel', 'aria-labelledby': 'notify-title' },
    el('h2', { id: 'notify-title' }, t('notify.title')),
    el('p', { class: 'note' }, t('notify.lead')),
    el('div', { class: 'fields tall' }, field(t('notify.url'), url), field(t('notify.interval'), interval)),
    el('div', { class: 'buttons' }, button(t('save'), save, { id: 'notify-save' }), button(t('notify.probe'), () => send({ probe_next: true }, t('notify.probe.done')), { id: 'notify-probe' })),
    el('div', { class: 'fields tall' }, field(t('notify.event'), event), field(t('notify.spoil'), spoil)),
    el('datalist', { id: 'notify-events' }, EVENTS.map((name) => el('option', { value: name }))),
    el('div', { class: 'buttons' }, button(t('notify.send'), example, { id: 'notify-send' })),
    list);
  return { node, stop };
}

function delivery(one, open, spoil, send) {
  return el('details', { class: 'delivery', open, data: { seq: one.seq } },
    el('summary', {},
      el('span', { class: 'mono time' }, hours(one.create_time)), el('span', { class: 'mono what' }, one.event_type),
      chip(t(`notify.${one.state}`), KINDS[one.state]), el('span', { class: 'sub' }, t('notify.attempts', { n: one.attempts.length }))),
    el('p', { class: 'mono sub' }, one.url),
    el('ol', { class: 'attempts' }, one.attempts.map((attempted) => el('li', {},
      el('span', { class: 'mono' }, hours(attempted.time)), ' ',
      faultChip(attempted.fault),
      attempted.status ? chip(String(attempted.status), attempted.status < 300 ? 'good' : 'bad') : chip(attempted.error ? said(attempted.error) : '–', 'bad'),
      attempted.answer ? el('pre', { class: 'body', tabindex: '0' }, pretty(attempted.answer)) : null))),
    el('pre', { class: 'body', tabindex: '0' }, JSON.stringify(one.resource, null, 2)),
    button(t('notify.replay'), () => send(spoil() ? { replay: one.seq, fault: spoil() } : { replay: one.seq }, t('notify.sent')), { class: 'small', data: { replay: one.seq } }));
}
