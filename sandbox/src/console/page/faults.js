// What goes wrong on purpose, as a menu.

import { post, remove } from './api.js';
import { attempt, button, chip, el, field, fill, heading, select } from './dom.js';
import { operation } from './format.js';
import { maybe, t } from './i18n.js';
import { listen, store } from './store.js';

const PRESETS = [
  ['lost_answer', () => post('/faults', { kind: 'process_then_reset', on: 'use', times: 1 })],
  ['line_down', () => post('/faults', { kind: 'refuse_connection' })],
  ['slow', () => post('/faults', { kind: 'delay', ms: 6000, times: 3 })],
  ['rate_limited', () => post('/faults', { kind: 'rate_limited', retry_after: 2, times: 3 })],
  ['captive_portal', () => post('/faults', { kind: 'captive_portal' })],
  ['wrong_clock', () => post('/faults', { kind: 'clock', seconds: 8 * 3600 })],
  ['key_change', () => post('/certificates', { rotate: true, sign_with: 'certificate' })],
];

// Kinds by what they are like; what is new and in none of them comes last.
const GROUPS = {
  lost: ['process_then_reset', 'process_then_hang', 'reset_after_read', 'hang', 'cut_body', 'header_without_end', 'close_after'],
  line: ['refuse_connection', 'tls_alert', 'reset_before_read', 'captive_portal', 'redirect'],
  slow: ['delay', 'slow_processing', 'slow_drip'],
  no: ['status', 'refusal', 'unsigned_refusal', 'rate_limited'],
  sign: ['unsigned', 'wrong_signature', 'signtest', 'stale', 'unknown_serial', 'merchant_serial', 'tampered_body', 'wrong_apiv3_key', 'damaged_ciphertext'],
  time: ['clock', 'date_offset', 'wrong_date'],
  content: ['wrong_coupon', 'wrong_number', 'edited', 'replay', 'huge', 'chunked', 'gzip', 'empty_body', 'not_json'],
};

const words = (kind) => maybe(`fault.${kind}`, kind);

export function show(view) {
  const armed = el('div', { class: 'armed-list' });
  fill(view,
    heading(t('nav.faults'), t('faults.lead'), button(t('faults.clear'), clearAll, { class: 'danger', id: 'clear-faults' })),
    el('section', { 'aria-label': t('faults.presets') },
      el('h2', {}, t('faults.presets')),
      el('div', { class: 'presets' }, PRESETS.map(([name, work]) => el('button', {
        type: 'button', class: 'preset', data: { preset: name },
        on: { click: () => attempt(work, t('faults.armed', { what: t(`preset.${name}`) })) },
      }, el('strong', {}, t(`preset.${name}`)), el('span', {}, t(`preset.${name}.why`)))))),
    el('section', { 'aria-label': t('faults.now') }, el('h2', {}, t('faults.now')), armed),
    el('section', { 'aria-label': t('faults.own') }, el('h2', {}, t('faults.own')), form()));
  const draw = () => list(armed);
  draw();
  return listen(['faults', 'certificates'], draw);
}

async function clearAll() {
  await attempt(async () => {
    await remove('/faults');
    if (store.state?.sign_with !== 'auto') await post('/certificates', { sign_with: 'auto' });
  }, t('faults.cleared'));
}

function list(node) {
  const views = store.state?.faults ?? [];
  const rows = views.map((view) => row(view));
  if (store.state && store.state.sign_with !== 'auto') {
    rows.push(el('div', { class: 'fault-row' }, el('span', { class: 'lamp armed', role: 'img', 'aria-label': t('lamp.armed') }),
      el('div', {}, el('strong', {}, t('preset.key_change')), el('span', { class: 'sub' }, t('faults.signs', { key: maybe(`sign.with.${store.state.sign_with.split(':')[0]}`, store.state.sign_with) }))),
      chip(t('lamp.armed'), 'warn'),
      button(t('faults.end'), () => attempt(() => post('/certificates', { sign_with: 'auto' }), t('faults.cleared')), { class: 'small' })));
  }
  fill(node, rows.length ? rows : el('p', { class: 'empty' }, t('faults.none')));
}

function row({ id, fault, fired, spent }) {
  const lamp = spent ? 'spent' : fired > 0 ? 'fired' : 'armed';
  return el('div', { class: 'fault-row', data: { fault: id } },
    el('span', { class: `lamp ${lamp}`, role: 'img', 'aria-label': t(`lamp.${lamp}`) }),
    el('div', {},
      el('strong', {}, words(fault.kind)),
      el('span', { class: 'sub' }, details(fault))),
    chip(t(`lamp.${lamp}`), { armed: 'warn', fired: 'bad', spent: 'off' }[lamp]),
    el('span', { class: 'mono sub' }, t('faults.fired', { n: fired, of: fault.times ?? '∞' })),
    button(t('faults.end'), () => attempt(() => remove(`/faults/${id}`), t('faults.cleared')), { class: 'small' }));
}

const SELECTORS = ['on', 'host', 'coupon', 'skip', 'times', 'percent', 'seed', 'processed', 'kind'];

function details(fault) {
  const parts = [fault.on ? operation(fault.on) : t('faults.any')];
  if (fault.host !== undefined) parts.push(t('faults.host', { n: fault.host }));
  if (fault.coupon) parts.push(`${fault.coupon}…`);
  if (fault.skip) parts.push(t('faults.skip.n', { n: fault.skip }));
  if (fault.percent !== undefined) parts.push(`${fault.percent} %`);
  for (const [name, value] of Object.entries(fault)) {
    if (!SELECTORS.includes(name) && value !== null) parts.push(`${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`);
  }
  parts.push(fault.processed ? t('faults.effect') : t('faults.no.effect'));
  return parts.join(' · ');
}

function form() {
  const kinds = new Map(store.about.fault_kinds.map((kind) => [kind.fault.kind, kind]));
  const grouped = new Set(Object.values(GROUPS).flat());
  const rest = [...kinds.keys()].filter((kind) => !grouped.has(kind));
  const groups = { ...GROUPS, ...(rest.length ? { other: rest } : {}) };
  const kind = el('select', { id: 'fault-kind', on: { change: redraw } }, Object.entries(groups).map(([group, names]) =>
    el('optgroup', { label: t(`group.${group}`) }, names.filter((name) => kinds.has(name)).map((name) => el('option', { value: name }, words(name))))));
  const on = select([['', t('faults.any')], ...store.about.operations.map((name) => [name, `${operation(name)} · ${name}`])], 'use', { id: 'fault-on' });
  const times = el('input', { id: 'fault-times', inputmode: 'numeric', value: '1', placeholder: '∞' });
  const skip = el('input', { id: 'fault-skip', inputmode: 'numeric', placeholder: '0' });
  const percent = el('input', { id: 'fault-percent', inputmode: 'numeric', placeholder: '100' });
  const host = select([['', t('faults.both')], ['0', t('faults.host', { n: 0 })], ['1', t('faults.host', { n: 1 })]], '', { id: 'fault-host' });
  const coupon = el('input', { id: 'fault-coupon', autocomplete: 'off', class: 'mono', placeholder: 'SBX_EFFECTIVE_1' });
  const processed = select([['', t('faults.usual')], ['true', t('faults.effect')], ['false', t('faults.no.effect')]], '', { id: 'fault-processed' });
  const parameters = el('div', { class: 'fields' });
  const name = el('p', { class: 'note mono' });
  const problem = el('p', { class: 'problem', role: 'alert' });

  function redraw() {
    const { fault, is_connection: isConnection } = kinds.get(kind.value);
    name.textContent = kind.value;
    fill(parameters, Object.entries(fault).filter(([key]) => key !== 'kind').map(([key, value]) => field(key, el('input', {
      data: { parameter: key }, autocomplete: 'off', class: 'mono',
      value: value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value),
    }), maybe(`parameter.${key}`))));
    for (const input of [on, coupon]) input.disabled = isConnection;
    for (const input of [times, skip, percent]) input.disabled = kind.value === 'refuse_connection';
  }
  redraw();

  function wanted() {
    const fault = { kind: kind.value };
    const number = (input, member) => {
      if (input.disabled || !input.value.trim()) return;
      if (!/^\d+$/.test(input.value.trim())) throw new Error(t('offer.bad.number', { label: t(`faults.${member}`) }));
      fault[member] = Number(input.value);
    };
    number(times, 'times');
    number(skip, 'skip');
    number(percent, 'percent');
    if (!on.disabled && on.value) fault.on = on.value;
    if (!coupon.disabled && coupon.value.trim()) fault.coupon = coupon.value.trim();
    if (host.value) fault.host = Number(host.value);
    if (processed.value) fault.processed = processed.value === 'true';
    const defaults = kinds.get(kind.value).fault;
    for (const input of parameters.querySelectorAll('[data-parameter]')) {
      const member = input.dataset.parameter;
      if (!input.value.trim()) continue;
      if (typeof defaults[member] === 'string') {
        fault[member] = input.value;
        continue;
      }
      const label = maybe(`parameter.${member}`, member);
      try {
        fault[member] = JSON.parse(input.value);
      } catch {
        throw new Error(t('faults.bad.value', { label }));
      }
      if (typeof defaults[member] === 'number' || defaults[member] === null) {
        // Only seconds may be in the past.
        if (!Number.isInteger(fault[member]) || (fault[member] < 0 && member !== 'seconds')) throw new Error(t('offer.bad.number', { label }));
      }
    }
    return fault;
  }

  return el('form', { class: 'panel', on: { submit: async (event) => {
    event.preventDefault();
    problem.textContent = '';
    try {
      await post('/faults', wanted());
    } catch (error) {
      problem.textContent = error.message;
    }
  } } },
  field(t('faults.kind'), kind), name,
  el('div', { class: 'fields' }, field(t('faults.on'), on), field(t('faults.times'), times, t('faults.times.hint')), field(t('faults.coupon'), coupon, t('faults.coupon.hint'))),
  parameters,
  el('details', {}, el('summary', {}, t('faults.more')),
    el('div', { class: 'fields' }, field(t('faults.where'), host), field(t('faults.skip'), skip), field(t('faults.percent'), percent), field(t('faults.processed'), processed))),
  problem,
  el('button', { type: 'submit', class: 'primary', id: 'arm' }, t('faults.arm')));
}
