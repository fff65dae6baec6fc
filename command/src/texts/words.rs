//! What the answers are told with.

use crate::language::Text;
use wxcoupon::status::Class;

super::texts! {
    MEANS_OK: "done, and proven by a verified answer", "成功，有验过签的应答为证";
    MEANS_DONE_HERE: "done on this machine; no answer of WeChat Pay's is behind it", "本机已完成；不是微信支付的应答";
    MEANS_REFUSED_HERE: "refused on this machine; nothing was sent", "本机拒绝了，没有发出";
    MEANS_MISUSE: "the call is wrong; nothing was sent", "调用有误，没有发出";
    MEANS_LOCAL: "this machine is wrong; nothing was sent", "本机有误，没有发出";
    MEANS_NOT_SENT: "nothing took effect; try again with the same number", "没有生效，可用同一单号再试";
    MEANS_IN_DOUBT: "it may have taken effect: settle it, never with a new number", "可能已经生效：请查清，切勿换单号";
    MEANS_REFUSED: "WeChat Pay said no", "微信支付拒绝了";
    MEANS_BUSY: "not now; wait, then the same number again", "现在不行，稍等后用同一单号再试";
    MEANS_BUG: "a defect of the library: settle, and report it", "程序缺陷：请查清这笔，并反馈";

    CASHIER: "cashier", "收银提示";
    MESSAGE: "found", "原因";
    TO_DO: "to do", "怎么办";
    MEMBER: "member", "字段";
    RETRY_AFTER: "wait", "等待";
    WECHAT: "WeChat Pay", "微信支付";
    NUMBER: "number", "单号";
    HOST: "host", "接入点";
    HTTP: "HTTP", "HTTP 状态";
    REQUEST_ID: "Request-ID", "请求标识";
    ATTEMPTS: "attempts", "尝试次数";
    RECORDED_AT: "recorded at", "记录时间";
    DOUBT: "in doubt", "存疑";
    MAY_HAVE_HAPPENED: "an earlier call with this number may have taken effect: settle it", "以前用这个单号的调用可能已经生效：请查清";

    CANNOT_READ: "{file} cannot be read: {why}", "读不了 {file}：{why}";
    NO_CONFIGURATION: "there is no configuration {file}: give it with --config FILE, or go to the till's folder", "找不到配置 {file}：用 --config FILE 指定，或先进入收银程序的文件夹";
    NO_JOURNAL: "the configuration has no journal_path, so nothing was recorded on this machine", "配置里没有 journal_path，本机没有流水可查";
    JOURNAL_NOT_FOUND: "there is no journal {file}. Relative paths count from the current folder: go to the till's with --dir FOLDER", "找不到流水文件 {file}。相对路径从当前文件夹算起：用 --dir FOLDER 进入收银程序的文件夹";
    IN_MEMORY: "warning: without journal_path this number is forgotten when the command ends; a repeat with the same members stays safe", "注意：没有配置 journal_path，命令结束后这个单号就忘了；用相同内容重复仍然安全";
    NOT_AN_OBJECT: "{file} must hold one JSON object", "{file} 必须是一个 JSON 对象";
    NOT_IN_TABLE: "remark: {name} is not in the table of {operation}, and is passed on as it is", "提示：接口 {operation} 的表里没有 {name}，原样传出";
    IS_EMPTY: "{what} is empty", "{what} 是空的";
    NOT_UTF8: "{what} is not UTF-8 text: save it as UTF-8", "{what} 不是 UTF-8 文本：请另存为 UTF-8";
    BAD_JSON: "{what}: {why}", "{what} 有误：{why}";
    CANNOT_PRINT: "the answer could not be printed: {why}", "应答没能打印出来：{why}";
    NOT_A_MEMBER: "a member is written name=value, name:=JSON or @FILE", "字段写成 name=value、name:=JSON 或 @FILE";
    CANNOT_ENTER: "the folder {file} cannot be entered: {why}", "进不了文件夹 {file}：{why}";

    ALL_FINE: "Everything is in order.", "一切正常。";
    SOME_WRONG: "{count} of {all} lines need a look.", "共 {all} 项，{count} 项要处理。";
    DO_THIS: "to do: {what}", "怎么办：{what}";
    ANSWERED_IN: "answered and proven in {ms} ms", "{ms} 毫秒内应答，验签通过";
    FOUND_IN: "{what} in {ms} ms", "{what}，{ms} 毫秒";
    FOUND_COUPONS: "{what}: {count} coupons, {bytes} bytes", "{what}：{count} 张券，{bytes} 字节";
    FOUND_OPEN: "{what} is OPEN", "{what}：营业中";
    FOUND_NO_FILE: "there is no file {file}", "没有文件 {file}";
    JOURNAL_ADVICE: "The till makes it when it first starts. If it has run already, journal_path or the folder is another: relative paths count from the current folder (--dir FOLDER).", "收银程序第一次启动时会新建。如果它已经运行过，就是 journal_path 或当前文件夹不对：相对路径从当前文件夹算起（--dir FOLDER）。";
    CONNECTING: "connecting to WeChat Pay", "正在连接微信支付";

    NOTHING_PENDING: "Nothing is pending.", "没有存疑的请求。";
    PENDING_HEADING: "number, operation, state, age, why", "单号、接口、状态、已过时间、原因";
    PENDING_COUNT: "{pending} pending, {watching} watched, {unresolved} unresolved", "存疑 {pending}，观察 {watching}，未决 {unresolved}";
    SETTLED_COUNT: "{count} settled.", "已查清 {count} 笔。";
    SETTLING: "settling, {left} left", "正在查清，还剩 {left}";
    ABANDONED_NOW: "Recorded: number {number} is given up.", "已记录：放弃单号 {number}。";
    VOID_STATE: "called off; state: {state}", "已按作废处理；状态：{state}";

    VOID_RETURN: "{number}, by which it was returned", "{number}（退券用的单号）";

    SHOW_HEADING: "{number}: {operation}, recorded {at}", "{number}：{operation}，{at} 记录";
    SHOW_TARGET: "asked", "请求";
    SHOW_TRACE: "trace", "追踪标识";
    SHOW_NO_ATTEMPTS: "no attempt is recorded", "没有尝试的记录";
    SHOW_LEFT_OUT: "… {count} attempts in the middle are not kept", "……中间 {count} 次没有保留";
    SHOW_ANSWERED: "HTTP {status}, Request-ID {id}, judged {name}", "HTTP {status}，请求标识 {id}，判断 {name}";
    SHOW_UNANSWERED: "no answer, judged {name}", "没有应答，判断 {name}";
    SHOW_UNSENT_ATTEMPT: "nothing was sent, judged {name}", "没有发出，判断 {name}";
    SHOW_KILLED: "not known whether it was sent: the process that worked on it ended before it recorded an attempt", "不知道是否发出：处理它的进程在记下尝试之前就结束了";
    SHOW_GAP: "{seconds} s lie between its record and the first attempt here; those of a process that was killed are not recorded", "记录与这里的第一次尝试之间隔了 {seconds} 秒；被杀掉的进程的尝试不会记下";
    SHOW_ANSWER: "what is known comes from another question: {host}, HTTP {status}, Request-ID {id}", "结果来自另一次查询：{host}，HTTP {status}，请求标识 {id}";
    SHOW_RETURN: "returned by number {number}: {state}", "用单号 {number} 退券：{state}";
    SHOW_NOBODY: "no host", "没有接入点";
    SHOW_KNOWN: "known now", "现在知道";
    SHOW_STATE: "{state}: {meaning}", "{state}：{meaning}";
    SHOW_WHY: "why", "依据";
    SHOW_RUNNING: "a call is working on it at this moment", "此刻有程序正在处理这笔";
    SHOW_PROVEN: "proven at {at} of WeChat Pay's time", "微信支付时间 {at} 的应答证明";
    SHOW_SINCE: "in doubt since {at}", "从 {at} 起存疑";
    SHOW_TRIED: "settling last tried at {at}", "上次尝试查清：{at}";
    SHOW_UNTIL: "a delayed copy can arrive until {at}", "迟到的请求最晚 {at} 还可能到达";
    SHOW_UNSENT: "nothing of it has left this machine", "没有任何内容离开过本机";
    SHOW_NOTE: "note", "备注";

    KEY_BITS: "RSA, {bits} bits", "RSA，{bits} 位";
    KEY_FINGERPRINT: "fingerprint", "指纹";
    KEY_SERIAL: "serial number", "序列号";
    KEY_VALID: "valid", "有效期";
    KEY_OUTDATED: "not valid now", "现在不在有效期内";
    KEY_SUBJECT: "for", "持有者";
    KEY_ISSUER: "issued by", "签发者";
    KEY_MEMBER: "goes to", "填到";
    KEY_FITS: "fits", "配套";
    KEY_SAME_KEY: "{file}: the same key pair", "{file}：同一对密钥";
    KEY_OF_CONFIG: "the private key of this configuration", "本配置的私钥";
    KEY_SERIAL_FITS: "merchant_serial_no of this configuration", "本配置的 merchant_serial_no";
    KEY_SERIAL_DIFFERS: "merchant_serial_no of this configuration is {serial}: another certificate", "本配置的 merchant_serial_no 是 {serial}：不是这张证书";
    KEY_UNKNOWN_CERTIFICATE: "merchant_certificate_path if its serial number is merchant_serial_no; platform_certificates if it is WeChat Pay's", "序列号等于 merchant_serial_no 的填 merchant_certificate_path；微信支付的平台证书填 platform_certificates";
    KEY_PUBLIC: "wechatpay_public_key_path, if it is WeChat Pay's from the merchant console", "如果是商户平台下载的微信支付公钥，填 wechatpay_public_key_path";
    KEY_OWN_PUBLIC: "nowhere: it is the merchant's own public key, not WeChat Pay's", "不用填：这是商户自己的公钥，不是微信支付公钥";
    KEY_NOWHERE: "nowhere: this library has no use for it", "不用填：本库用不到";
    KEY_NOT_OF_CONFIG: "another key than the private key of this configuration", "不是本配置的私钥";
    KEY_OF_WECHATPAY: "a key of WeChat Pay's in this configuration", "本配置里的微信支付密钥";
    KEY_ROOT: "ca_path, if it is the root of a proxy or of the sandbox", "如果是代理或沙箱的根证书，填 ca_path";
    KEY_TAKE_OUT: "nowhere as it is; take the key out of it: openssl pkcs12 -in FILE -nodes -nocerts", "不能直接用；先取出私钥：openssl pkcs12 -in FILE -nodes -nocerts";
    KEY_OLD_ENCRYPTION: "convert it: openssl pkcs8 -topk8 -in old.pem -out new.pem", "转换它：openssl pkcs8 -topk8 -in old.pem -out new.pem";
    KEY_NOT_COMPARED: "The configuration could not be compared: {why}", "没能与配置对照：{why}";
    KEY_NOTHING_FITS: "none of the other files", "其他文件都不配套";
    KEY_PROBLEM: "problem", "问题";
    KEY_PASSPHRASE: "its passphrase is read from the variable WXCOUPON_PASSPHRASE", "口令从环境变量 WXCOUPON_PASSPHRASE 读取";

    SIGN_LINES: "The five lines, each ended by a line feed (shown as ⏎):", "五行待签名串，每行都以换行结尾（显示为 ⏎）：";
    SIGN_EMPTY: "(empty, but its line feed is signed)", "（空，但它的换行也参与签名）";
    SIGN_BYTES: "message", "待签名串";
    SIGN_COUNT: "{count} bytes", "{count} 字节";
    SIGN_HASH: "SHA-256", "SHA-256 摘要";
    SIGN_SIGNATURE: "signature", "签名";
    SIGN_HEADING: "Header (valid for five minutes; do not pass it on):", "请求头（五分钟内有效，不要外传）：";
    SIGN_SAME: "The signature is right for this request: key, hash and text.", "签名与这个请求一致：私钥、摘要算法和内容都对。";
    SIGN_ALL_SAME: "So is its header. If WeChat Pay rejects it, look at this machine's clock, and at bytes that change on the way.", "请求头也对。如果微信支付仍拒绝，请看本机时钟，以及路上有没有改动内容。";
    SIGN_OTHER_KEY: "The signature was not made with the private key of this configuration: another key, or a damaged signature.", "签名不是用本配置的私钥做的：用了别的私钥，或者签名已损坏。";
    SIGN_HASH_WRONG: "The private key is right, but it was used with {hash}; WeChat Pay verifies SHA-256 with RSA (PKCS#1 v1.5).", "私钥是对的，但用的是 {hash}；微信支付只认 SHA-256 with RSA（PKCS#1 v1.5）。";
    SIGN_BASE64_OTHER: "The signature is not in standard Base64 with its padding: + and /, not - and _, and = at the end.", "签名不是带填充的标准 Base64：用 + 和 /，不是 - 和 _，末尾要有 =。";
    SIGN_AND: "; and ", "；并且";
    SIGN_DIFFERS: "Found: it is signed over something else: {what}.", "找到了：签的是别的内容：{what}。";
    SIGN_UNEXPLAINED: "The private key is right ({hash}), and the text is neither this request's nor that of a usual mistake: compare the bytes of method, path, query, time, nonce and body with what was signed. The digest of what was signed is {digest}.", "私钥是对的（{hash}），但签的内容既不是这个请求，也不是常见错误：请逐字节对照方法、路径、查询串、时间、随机串和请求体。签名里的摘要是 {digest}。";
    SIGN_NOT_BASE64: "The signature is not Base64.", "签名不是 Base64。";
    SIGN_HEADER_WRONG: "The header is not readable: {why}", "请求头读不懂：{why}";
    SIGN_SCHEME: "scheme: {found}, expected {expected}", "认证类型：{found}，应为 {expected}";
    SIGN_MEMBER_DIFFERS: "{name}: {found}, in this configuration {expected}", "{name}：{found}，本配置是 {expected}";
    SIGN_MEMBER_MISSING: "{name} is missing", "缺少 {name}";
    SIGN_TIME_OFF: "timestamp is {seconds} s away from now; WeChat Pay accepts 300", "timestamp 与现在相差 {seconds} 秒；微信支付最多接受 300";
    SIGN_IN_MILLISECONDS: "the header's timestamp is in milliseconds; it must be in seconds, as it is signed", "请求头的 timestamp 是毫秒；应为秒，与签名里的相同";
    SIGN_NO_TIME: "timestamp is no number", "timestamp 不是数字";
    SIGN_DOUBLED: "{name} is there twice", "{name} 出现了两次";
    SIGN_UNQUOTED: "the value of {name} has no double quotes around it", "{name} 的值没有用双引号括起来";
    SIGN_SERIAL_WRITTEN: "{name} is the right number, written otherwise: {found}, expected {expected}", "{name} 数值对，写法不同：{found}，应为 {expected}";
    SIGN_ANSWER_WRONG: "The answer has no detail.sign_information", "应答里没有 detail.sign_information";
    SIGN_PREFIX_SAME: "What WeChat Pay shows of its message is the same as here.", "微信支付显示的待签名串与这里一致。";
    SIGN_LINE_DIFFERS: "line {line} differs: WeChat Pay has {theirs}, here it is {ours}", "第 {line} 行不同：微信支付是 {theirs}，这里是 {ours}";
    SIGN_LENGTH_DIFFERS: "the length of the whole differs: {theirs} bytes at WeChat Pay, here {ours}", "待签名串总长不同：微信支付是 {theirs} 字节，这里是 {ours}";
    SIGN_BODY_LENGTH_DIFFERS: "the body's length differs: {theirs} bytes at WeChat Pay, here {ours}: it was changed, or is empty there", "请求体长度不同：微信支付是 {theirs} 字节，这里是 {ours}：被改动，或对方收到空的";
    SIGN_LENGTH_SAME: "The length is the same, too. What is left: the key, the serial number, or bytes that WeChat Pay does not show.", "长度也一致。剩下的可能：私钥、序列号，或者微信支付没有显示的部分。";

    BUNDLE_HEADING: "The bundle holds:", "材料包括：";
    BUNDLE_MASKED: "Masked: {what}", "已打码：{what}";
    BUNDLE_PROBLEM: "Not everything could be gathered: {what}", "有的材料收不到：{what}";
    BUNDLE_LEFT_OUT: "Not in it: keys, openids, request and answer bodies, the journal's database, folders of this machine.", "不包括：密钥、openid、请求和应答内容、流水数据库、本机的文件夹路径。";
    BUNDLE_ASK: "Write {file}? Nothing is uploaded. [y/N]", "写入 {file}？不会上传。[y/N]";
    BUNDLE_NOT_ASKED: "Nothing was written: nobody is asked here. Give --yes.", "没有写入：这里不会询问。请加 --yes。";
    BUNDLE_NOT_WRITTEN: "Nothing was written.", "没有写入。";
    BUNDLE_WRITTEN: "Written: {file}. Send it to whoever supports you.", "已写入 {file}。请发给技术支持。";
    BUNDLE_EXISTS: "{file} exists already; give another name with --out", "{file} 已存在；用 --out 换个名字";
    BUNDLE_CANNOT_WRITE: "{file} cannot be written: {why}", "写不了 {file}：{why}";
    BUNDLE_QR_HINT: "Photograph this, and send it to whoever supports you.", "请拍照发给技术支持。";

    GENERATED: "Written: {file}", "已写入 {file}";
    CANNOT_WRITE: "{file} cannot be written: {why}", "写不了 {file}：{why}";
}

/// What a class means to whoever called.
pub fn meaning_of(class: Class) -> Text {
    match class {
        Class::Ok => MEANS_OK,
        Class::Misuse => MEANS_MISUSE,
        Class::Local => MEANS_LOCAL,
        Class::NotSent => MEANS_NOT_SENT,
        Class::InDoubt => MEANS_IN_DOUBT,
        Class::Refused => MEANS_REFUSED,
        Class::Busy => MEANS_BUSY,
        Class::Bug => MEANS_BUG,
    }
}
