// What the page knows, and who wants to hear of changes.

// Requests kept by the page.
const MOST = 1000;

export const store = {
  about: null,
  // As the sandbox told it last; null before the first word.
  state: null,
  // The sandbox's clock minus the browser's, in milliseconds.
  clockAhead: 0,
  lines: [],
  connected: false,
};

const listeners = new Map();

// Topics: run, state, coupons, faults, ledger, notifications, told, certificates, clock, requests, connection.
export function listen(topics, heard) {
  for (const topic of topics) {
    if (!listeners.has(topic)) listeners.set(topic, new Set());
    listeners.get(topic).add(heard);
  }
  return () => topics.forEach((topic) => listeners.get(topic).delete(heard));
}

export function tell(topic, news) {
  for (const heard of [...(listeners.get(topic) ?? [])]) heard(news);
}

export function addLines(lines) {
  store.lines.push(...lines);
  if (store.lines.length > MOST) store.lines.splice(0, store.lines.length - MOST);
}

// Seconds since 1970 by the clock of signatures, and by business time.
export const signingNow = () => (Date.now() + store.clockAhead) / 1000;
export const businessNow = () => signingNow() + (store.state?.world_offset_s ?? 0);
