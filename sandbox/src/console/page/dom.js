// Elements. Text goes in as text, never as HTML.

import { t } from './i18n.js';

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === 'class') {
      node.className = value;
    } else if (name === 'data') {
      Object.assign(node.dataset, value);
    } else if (['value', 'checked', 'disabled', 'selected', 'open', 'hidden'].includes(name)) {
      node[name] = value;
    } else {
      node.setAttribute(name, value === true ? '' : value);
    }
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

export function button(label, click, properties = {}) {
  return el('button', { type: 'button', ...properties, on: { click } }, label);
}

// A label above its control.
export function field(label, control, hint) {
  return el('label', { class: 'field' }, el('span', { class: 'label' }, label), control,
    hint ? el('span', { class: 'hint' }, hint) : null);
}

export function select(options, value, properties = {}) {
  const node = el('select', properties, options.map(([key, label]) => el('option', { value: key }, label)));
  if (value !== undefined) node.value = value;
  return node;
}

export function heading(title, text, ...actions) {
  return el('header', { class: 'head' },
    el('div', {}, el('h1', {}, title), text ? el('p', { class: 'lead' }, text) : null),
    actions.length ? el('div', { class: 'actions' }, actions) : null);
}

export function chip(text, kind = '') {
  return el('span', { class: `chip ${kind}` }, text);
}

let fading;

export function toast(text, kind = '') {
  const node = document.getElementById('toast');
  node.textContent = text;
  node.className = `toast shown ${kind}`;
  clearTimeout(fading);
  fading = setTimeout(() => { node.className = 'toast'; }, kind === 'bad' ? 8000 : 3500);
}

// Runs what a button does; says what went wrong.
export async function attempt(work, done) {
  try {
    const result = await work();
    if (done) toast(typeof done === 'function' ? done(result) : done);
    return result;
  } catch (error) {
    toast(error.message, 'bad');
    return undefined;
  }
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers give the clipboard to pages with TLS or of this machine only.
    const area = el('textarea', { class: 'off-screen', 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  toast(t('copied'));
}

export function copyButton(text, label = t('copy')) {
  return button(label, () => copy(typeof text === 'function' ? text() : text), { class: 'quiet small' });
}

// A picture of a code, in whole pixels a module: what is drawn in fractions of them cannot be scanned.
export function codePicture(src, alt, kind, room) {
  return el('img', {
    src, alt, class: kind, loading: 'lazy', data: { kind },
    on: {
      load: ({ target }) => {
        const pixels = window.devicePixelRatio || 1;
        const modules = target.naturalWidth / (kind === 'qr' ? 6 : 2);
        const around = getComputedStyle(target.parentElement);
        const wide = room ?? target.parentElement.clientWidth - parseFloat(around.paddingLeft) - parseFloat(around.paddingRight);
        const scale = Math.max(1, Math.floor((wide * pixels) / modules)) / pixels;
        target.style.width = `${modules * Math.min(scale, 6)}px`;
      },
      error: ({ target }) => { target.hidden = true; },
    },
  });
}

// A line for the shell. It breaks between words only, never behind a hyphen.
export function command(text) {
  return el('pre', { tabindex: '0' }, text.split(' ').map((word, at) => [at ? ' ' : '', el('span', { class: 'word' }, word)]));
}

// Calls the latest of many calls, a moment later.
export function settled(work, wait = 150) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  };
}
