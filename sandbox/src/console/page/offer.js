// The short form for a new coupon.

import { post } from './api.js';
import { attempt, button, el, field, fill, select } from './dom.js';
import { DAYS } from './format.js';
import { t } from './i18n.js';
import { store } from './store.js';

// `12.5` yuan as fen; NaN where it is none.
const fen = (text) => (/^\d+(\.\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text) * 100) : NaN);

const seconds = (text) => {
  const [hour, minute] = text.split(':').map(Number);
  return hour * 3600 + minute * 60;
};

// Families of coupons; a further one brings its own form.
const FAMILIES = { product_coupon: productCoupon };

export function openOffer(family = 'product_coupon') {
  const dialog = document.getElementById('offer');
  FAMILIES[family](dialog);
  dialog.showModal();
}

function productCoupon(dialog) {
  const number = (id, value, attributes = {}) => el('input', { id, inputmode: 'decimal', autocomplete: 'off', value, ...attributes });
  const kind = el('fieldset', { class: 'segments' }, el('legend', { class: 'label' }, t('offer.kind')),
    ['NORMAL', 'DISCOUNT', 'EXCHANGE'].map((name) => el('label', {},
      el('input', { type: 'radio', name: 'kind', value: name, checked: name === 'NORMAL', on: { change: redraw } }), el('span', {}, t(`kind.${name}`)))));
  const chosen = () => kind.querySelector('input:checked').value;
  const threshold = number('offer-threshold', '50');
  const off = number('offer-off', '10');
  const fold = number('offer-fold', '8');
  const price = number('offer-price', '9.9');
  const terms = el('div', { class: 'pair' });
  const begins = number('offer-begins', '0', { inputmode: 'numeric' });
  const days = number('offer-days', '30', { inputmode: 'numeric' });
  const from = el('input', { type: 'time', id: 'offer-from', value: '00:00' });
  const to = el('input', { type: 'time', id: 'offer-to', value: '23:59' });
  const week = el('fieldset', { class: 'week' }, el('legend', { class: 'label' }, t('offer.days')),
    DAYS.map((name) => el('label', {}, el('input', { type: 'checkbox', value: name, checked: true }), el('span', {}, t(`day.${name}`)))));
  const storesOf = select([['NONE', t('stores.NONE')], ['ALL', t('stores.ALL')],
    ...store.about.store_ids.map((id) => [id, t('stores.SPECIFIC', { list: id })])], 'NONE', { id: 'offer-stores' });
  const owner = el('input', { id: 'offer-owner', value: store.about.openid, autocomplete: 'off', class: 'mono' });
  const code = el('input', { id: 'offer-code', placeholder: t('offer.code.hint'), autocomplete: 'off', class: 'mono', maxlength: 40 });
  const problem = el('p', { class: 'problem', role: 'alert' });

  function redraw() {
    const over = field(t('offer.threshold'), threshold, t('offer.threshold.hint'));
    const second = {
      NORMAL: field(t('offer.off'), off),
      DISCOUNT: field(t('offer.fold'), fold, t('offer.fold.hint')),
      EXCHANGE: field(t('offer.price'), price),
    };
    fill(terms, over, second[chosen()]);
  }
  redraw();

  function body() {
    const amount = (input, label) => {
      const value = fen(input.value);
      if (Number.isNaN(value)) throw new Error(t('offer.bad.amount', { label: t(label) }));
      return value;
    };
    const whole = (input, label) => {
      if (!/^-?\d+$/.test(input.value.trim())) throw new Error(t('offer.bad.number', { label: t(label) }));
      return Number(input.value);
    };
    const offer = {
      family: 'product_coupon',
      type: chosen(),
      threshold: amount(threshold, 'offer.threshold'),
      begins_in_days: whole(begins, 'offer.begins'),
      valid_days: whole(days, 'offer.valid'),
      openid: owner.value.trim(),
    };
    if (offer.type === 'NORMAL') offer.discount_amount = amount(off, 'offer.off');
    if (offer.type === 'EXCHANGE') offer.exchange_price = amount(price, 'offer.price');
    if (offer.type === 'DISCOUNT') {
      const tenths = Number(fold.value);
      if (!(tenths > 0 && tenths < 10 && /^\d(\.\d)?$/.test(fold.value.trim()))) throw new Error(t('offer.bad.fold'));
      offer.percent_off = Math.round(100 - tenths * 10);
    }
    if (code.value.trim()) offer.coupon_code = code.value.trim();
    if (storesOf.value === 'ALL') offer.stores = { scope: 'ALL' };
    else if (storesOf.value !== 'NONE') offer.stores = { scope: 'SPECIFIC', stores: [storesOf.value] };
    const some = [...week.querySelectorAll('input:checked')].map((input) => input.value);
    if (!some.length) throw new Error(t('offer.bad.days'));
    for (const [input, label] of [[from, 'offer.from'], [to, 'offer.to']]) {
      if (!input.value) throw new Error(t('offer.bad.time', { label: t(label) }));
    }
    // The last minute counts to its end.
    const [begin, end] = [seconds(from.value), seconds(to.value) + 59];
    if (some.length < 7 || begin > 0 || end < 86399) offer.hours = { days: some, from_s: begin, to_s: end };
    return offer;
  }

  async function make(event) {
    event.preventDefault();
    problem.textContent = '';
    try {
      const wanted = body();
      const made = await post('/offers', wanted);
      dialog.close();
      await attempt(async () => made, t('offer.made', { code: made.coupon_code }));
    } catch (error) {
      problem.textContent = error.message;
    }
  }

  fill(dialog, el('form', { on: { submit: make } },
    el('h2', { id: 'offer-title' }, t('offer.new')),
    el('p', { class: 'lead' }, t('offer.lead')),
    kind, terms,
    el('div', { class: 'pair' }, field(t('offer.begins'), begins, t('offer.begins.hint')), field(t('offer.valid'), days, t('offer.valid.hint'))),
    week,
    el('div', { class: 'pair' }, field(t('offer.from'), from), field(t('offer.to'), to)),
    el('div', { class: 'pair' }, field(t('coupons.stores'), storesOf), field(t('offer.code'), code)),
    field(t('coupons.owner'), owner),
    problem,
    el('footer', {}, button(t('cancel'), () => dialog.close()), el('button', { type: 'submit', class: 'primary' }, t('offer.make')))));
}
