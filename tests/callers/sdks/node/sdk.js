/* Judges with the package wechatpay-axios-plugin. One JSON task on standard input, one JSON finding on standard output. */
'use strict';

const fs = require('fs');
const https = require('https');
// Found where the package was installed: the test sets NODE_PATH.
const { Aes: { AesGcm }, Formatter, Rsa, Wechatpay } = require('wechatpay-axios-plugin');

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { keys, request, answer, notification, sealed } = task;
const merchantPrivate = Rsa.from(keys.merchant_private, Rsa.KEY_TYPE_PRIVATE);
const merchantPublic = Rsa.from(keys.merchant_public, Rsa.KEY_TYPE_PUBLIC);
const wechatpayPrivate = Rsa.from(keys.wechatpay_private, Rsa.KEY_TYPE_PRIVATE);
const wechatpayPublic = Rsa.from(keys.wechatpay_public, Rsa.KEY_TYPE_PUBLIC);

function proves(headers, body) {
  const message = Formatter.response(headers['Wechatpay-Timestamp'], headers['Wechatpay-Nonce'], body);
  return Rsa.verify(message, headers['Wechatpay-Signature'], wechatpayPublic);
}

function open(headers, body) {
  if (!proves(headers, body)) return null;
  const { ciphertext, nonce, associated_data: aad } = JSON.parse(body).resource;
  return JSON.parse(AesGcm.decrypt(ciphertext, keys.apiv3_key, nonce, aad));
}

/* A notification as WeChat Pay would seal, sign and send it. */
function notify(resource) {
  const nonce = Formatter.nonce(12);
  const body = JSON.stringify({
    id: '5f2e4a80-node',
    create_time: '2025-08-03T12:00:00+08:00',
    resource_type: 'encrypt-resource',
    event_type: 'PRODUCT_COUPON_SP.SEND',
    summary: '商品券领券通知',
    resource: {
      original_type: 'product_coupon',
      algorithm: 'AEAD_AES_256_GCM',
      ciphertext: AesGcm.encrypt(JSON.stringify(resource), keys.apiv3_key, nonce, 'product_coupon_sp'),
      associated_data: 'product_coupon_sp',
      nonce,
    },
  });
  const [timestamp, mark] = [String(Formatter.timestamp()), Formatter.nonce()];
  const headers = {
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': mark,
    'Wechatpay-Signature': Rsa.sign(Formatter.response(timestamp, mark, body), wechatpayPrivate),
    'Wechatpay-Serial': keys.wechatpay_public_key_id,
  };
  return { headers, body };
}

/* The whole client against the sandbox: it proves the answer itself, and throws when it cannot. */
async function ask({ url, ca, path, params }) {
  const client = new Wechatpay({
    mchid: keys.mchid,
    serial: keys.merchant_serial_no,
    privateKey: merchantPrivate,
    certs: { [keys.wechatpay_public_key_id]: wechatpayPublic },
    baseURL: url,
    headers: { 'Wechatpay-Serial': keys.wechatpay_public_key_id },
    httpsAgent: new https.Agent({ ca }),
  });
  const { data } = await client.chain(path).get({ params });
  return data;
}

function accepts({ method, target, body, authorization }) {
  const member = (name) => authorization.match(`${name}="([^"]*)"`)[1];
  const message = Formatter.request(method, target, member('timestamp'), member('nonce_str'), body);
  return Rsa.verify(message, member('signature'), merchantPublic);
}

async function main() {
  return {
    accepts_request: accepts(request),
    accepts_changed_request: accepts({ ...request, body: `${request.body} ` }),
    accepts_answer: proves(answer.headers, answer.body),
    accepts_changed_answer: proves(answer.headers, `${answer.body} `),
    opened: open(notification.headers, notification.body),
    opens_changed: open(notification.headers, `${notification.body} `) !== null,
    unsealed: AesGcm.decrypt(sealed.ciphertext, keys.apiv3_key, sealed.nonce, sealed.associated_data),
    decrypted: Rsa.decrypt(task.encrypted, merchantPrivate),
    encrypted: Rsa.encrypt(task.plain, merchantPublic),
    notification: notify(task.resource),
    asked: await ask(task.ask),
  };
}

main().then((found) => process.stdout.write(JSON.stringify(found)));
