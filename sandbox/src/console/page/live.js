// The sandbox's live events.

import { addLines, store, tell } from './store.js';

// Which member of the state stands for which topic.
const TOPICS = {
  coupons: ['coupons'],
  faults: ['faults'],
  ledger: ['ledger'],
  notifications: ['notifications', 'notify_url'],
  told: ['told'],
  certificates: ['certificates', 'sign_with', 'public_key_only'],
  clock: ['offset_s', 'world_offset_s'],
};

export function connect() {
  const events = new EventSource('/events');
  events.addEventListener('open', () => set(true));
  events.addEventListener('error', () => {
    set(false);
    // Where the browser has given up, try again.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
  // Comes before the requests of the same moment.
  events.addEventListener('state', (event) => take(JSON.parse(event.data)));
  events.addEventListener('requests', (event) => {
    const lines = JSON.parse(event.data);
    // After a line that broke the first ones come again.
    const last = store.lines.at(-1)?.seq ?? 0;
    const fresh = lines.filter((line) => line.seq > last);
    addLines(fresh);
    if (fresh.length) tell('requests', fresh);
  });
  events.addEventListener('cleared', forget);
}

function forget() {
  store.lines = [];
  tell('requests', []);
}

function set(connected) {
  if (store.connected === connected) return;
  store.connected = connected;
  tell('connection');
}

function take(state) {
  const before = store.state ?? {};
  store.state = state;
  store.clockAhead = state.now_ms - Date.now();
  // Another run of the sandbox, or a log that was emptied while nobody was told: requests are counted from 1 again.
  const is = (member) => before[member] === undefined || before[member] === state[member];
  if (!is('run') || !is('log')) forget();
  if (!is('run')) tell('run');
  const text = (value) => JSON.stringify(value ?? null);
  for (const [topic, members] of Object.entries(TOPICS)) {
    if (members.some((member) => text(before[member]) !== text(state[member]))) tell(topic);
  }
  tell('state');
}
