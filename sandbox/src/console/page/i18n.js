// The words of the page, in Chinese and English.

import { en } from './en.js';
import { zh } from './zh.js';

const WORDS = { en, zh };
const KEY = 'wxcoupon-sandbox-language';

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

let language = remembered() ?? (navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en');
if (!WORDS[language]) language = 'en';

export const current = () => language;
export const locale = () => (language === 'zh' ? 'zh-CN' : 'en-GB');

export function setLanguage(name) {
  language = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // It is then asked for again the next time.
  }
}

// The words of a key; `{name}` in them is replaced.
export function t(key, values = {}) {
  const words = WORDS[language][key] ?? WORDS.en[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

// Words that may be missing.
export function maybe(key, otherwise = '') {
  return WORDS[language][key] ?? WORDS.en[key] ?? otherwise;
}

// Words of the server, which says them in both languages.
export const said = (text) => text[language] ?? text.en;

// Fills what stands in the page itself.
export function translate(root = document) {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const node of root.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
}
