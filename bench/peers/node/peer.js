'use strict';
// Redeems coupons with wechatpay-axios-plugin, as its README teaches. Arguments and output: bench/README.md.
// A thread is a call that waits: Node.js runs one thread.

const { readFileSync } = require('fs');
const { Wechatpay } = require('wechatpay-axios-plugin');

const config = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const [threads, warmup, calls, first, count] = process.argv.slice(3, 8).map(Number);
const wxpay = new Wechatpay({
  mchid: config.mchid,
  serial: config.merchant_serial_no,
  privateKey: `file://${config.private_key_path}`,
  certs: { [config.wechatpay_public_key_id]: `file://${config.wechatpay_public_key_path}` },
  baseURL: config.base_urls[0],
});
const headers = { 'Wechatpay-Serial': config.wechatpay_public_key_id };
let next = 0;

async function redeem() {
  const code = `AUTO_BENCH_${String(first + (next++ % count)).padStart(8, '0')}`;
  const start = process.hrtime.bigint();
  const { data } = await wxpay.v3.marketing.partner['product-coupon'].users._openid_.coupons._coupon_code_.use.post({
    product_coupon_id: '1000000013',
    stock_id: '1000000013001',
    appid: 'wx233544546545989',
    brand_id: '120344',
    out_request_no: `SALE_${code}`,
    use_time: '2025-08-03T12:00:00+08:00',
    associated_order_info: { transaction_id: '4200002812202508031234567890' },
  }, { openid: 'oSandboxUser0000000000000001', coupon_code: code, headers });
  if (data.coupon_state !== 'USED' || data.single_usage_detail.use_request_no !== `SALE_${code}`) {
    throw new Error('the answer is about something else');
  }
  return Number(process.hrtime.bigint() - start);
}

function all(work) {
  return Promise.all(Array.from({ length: threads }, (_, thread) => work(thread)));
}

async function main() {
  const latencies = new Array(calls);
  await all(async () => {
    for (let i = 0; i < warmup; i++) await redeem();
  });
  const wall = process.hrtime.bigint();
  const before = process.cpuUsage();
  await all(async (thread) => {
    for (let i = thread; i < calls; i += threads) latencies[i] = await redeem();
  });
  const { user, system } = process.cpuUsage(before);
  const peak = /^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  console.log(JSON.stringify({
    wall_ns: Number(process.hrtime.bigint() - wall),
    cpu_ns: (user + system) * 1000,
    peak_rss_kib: Number(peak),
    latencies_ns: latencies,
  }));
}

main().then(() => process.exit(0), (error) => {
  console.error(error.message, error.response ? error.response.data : '');
  process.exit(1);
});
