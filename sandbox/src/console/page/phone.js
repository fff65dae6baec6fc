// A pretend phone: the customer's wallet, to scan from the screen.

import { get, part } from './api.js';
import { attempt, button, codePicture, copyButton, el, fill, heading, settled } from './dom.js';
import { stateChip } from './coupons.js';
import { openid, worth } from './format.js';
import { t } from './i18n.js';
import { listen, store } from './store.js';

const chosen = { owner: '', code: '' };

export function show(view) {
  if (!chosen.owner) chosen.owner = store.about.openid;
  const owner = el('select', { id: 'phone-owner', 'aria-label': t('phone.user'), on: { change: () => {
    chosen.owner = owner.value;
    chosen.code = '';
    load();
    pay();
  } } });
  const wallet = el('div', { class: 'wallet' });
  const coupon = el('section', { class: 'scan', 'aria-label': t('phone.coupon') });
  const payment = el('section', { class: 'scan pay', 'aria-label': t('phone.payment') });
  fill(view,
    heading(t('nav.phone'), t('phone.lead')),
    el('div', { class: 'phone-row' },
      el('div', { class: 'phone' },
        el('div', { class: 'screen' },
          el('div', { class: 'phone-head' }, el('span', {}, t('phone.wallet')), owner),
          coupon, payment)),
      el('div', {}, el('h2', {}, t('phone.coupons')), wallet, el('p', { class: 'note' }, t('phone.note')))));

  let [coupons, known] = [[], []];

  function draw() {
    const owners = [...new Set([store.about.openid, ...known])];
    fill(owner, owners.map((id) => el('option', { value: id }, openid(id))));
    owner.value = owners.includes(chosen.owner) ? chosen.owner : owners[0];
    const own = coupons.filter((one) => one.openid === owner.value);
    // What can be used goes first.
    own.sort((one, other) => Number(other.state === 'EFFECTIVE') - Number(one.state === 'EFFECTIVE'));
    const shown = own.find((one) => one.coupon_code === chosen.code) ?? own[0];
    const before = document.activeElement?.dataset?.wallet;
    fill(wallet, own.map((one) => el('button', {
      type: 'button', class: 'slip', data: { wallet: one.coupon_code }, 'aria-pressed': String(one === shown),
      on: { click: () => { chosen.code = one.coupon_code; draw(); } },
    }, el('strong', {}, one.name || one.coupon_code), el('span', { class: 'mono' }, one.coupon_code), el('span', { class: 'chips' }, stateChip(one)))));
    if (before) [...wallet.children].find((node) => node.dataset.wallet === before)?.focus({ preventScroll: true });
    if (!own.length) fill(wallet, el('p', { class: 'empty' }, t('coupons.none')));
    if (shown) drawCoupon(coupon, shown);
    else fill(coupon, el('p', { class: 'empty' }, t('coupons.none')));
  }

  let timer;
  async function pay() {
    clearTimeout(timer);
    const id = owner.value || store.about.openid;
    const code = await attempt(() => get(`/console/phone/${part(id)}`));
    if (!payment.isConnected) return;
    if (code) drawPayment(payment, id, code);
    timer = setTimeout(pay, code ? code.seconds_left * 1000 + 50 : 3000);
  }

  const load = settled(async () => {
    const answer = await attempt(() => get(`/console/coupons?openid=${part(chosen.owner)}`));
    if (!answer || !wallet.isConnected) return;
    ({ coupons, owners: known } = answer);
    draw();
  });
  draw();
  load();
  pay();
  const stop = listen(['coupons', 'clock'], load);
  const stopClock = listen(['clock'], pay);
  return () => {
    clearTimeout(timer);
    stop();
    stopClock();
  };
}

function drawCoupon(node, coupon) {
  const code = coupon.coupon_code;
  const src = (name) => `/coupons/${part(code)}/${name}.svg`;
  fill(node,
    el('h2', {}, coupon.name || t('phone.coupon')),
    el('p', { class: 'sub' }, worth(coupon.worth)),
    codePicture(src('qr'), t('coupons.qr', { code }), 'qr', 200),
    codePicture(src('code128'), t('coupons.bars', { code }), 'code128'),
    el('p', { class: 'mono digits', id: 'phone-coupon' }, code, copyButton(code)),
    el('p', { class: 'chips' }, stateChip(coupon)));
}

function drawPayment(node, id, { code, seconds_left: left }) {
  const bar = el('span', { class: 'bar-fill' });
  // It runs out by itself; there is nothing to be done each second.
  bar.style.width = `${(left / 60) * 100}%`;
  bar.style.transition = `width ${left}s linear`;
  requestAnimationFrame(() => requestAnimationFrame(() => { bar.style.width = '0'; }));
  const src = (name) => `/console/phone/${part(id)}/${name}.svg?${code.slice(-4)}`;
  fill(node,
    el('h2', {}, t('phone.payment')),
    codePicture(src('code128'), t('phone.bars'), 'code128'),
    el('p', { class: 'mono digits', id: 'payment-code' }, code.replace(/(\d{4})(\d{4})(\d{4})(\d{6})/, '$1 $2 $3 $4'), copyButton(code)),
    el('span', { class: 'bar-line', title: t('phone.every.minute') }, bar),
    el('p', { class: 'sub' }, t('phone.every.minute'), ' ', button(t('phone.qr'), (event) => {
      const picture = codePicture(src('qr'), t('phone.qr'), 'qr', 200);
      event.target.replaceWith(picture);
    }, { class: 'quiet small' })));
}
