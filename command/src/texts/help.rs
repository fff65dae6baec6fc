//! What `--help` says, and complaints about command lines.

super::texts! {
    ABOUT: "Checks a till, redeems, settles and explains WeChat Pay product coupons.", "微信支付商品券：自检、核销、查清、说明每一笔的经过。";
    AFTER: "The exit status is the class of the answer: 0 done, 1 the call is wrong, 2 this machine is wrong, 3 nothing was sent, 4 in doubt, 5 refused, 6 busy, 9 a defect.", "退出码就是应答的分类：0 成功，1 调用有误，2 本机有误，3 没有发出，4 存疑，5 被拒绝，6 稍后再试，9 本程序缺陷。";
    USAGE: "Usage", "用法";
    COMMANDS: "Commands", "命令";
    ARGUMENTS: "Arguments", "参数";
    OPTIONS: "Options", "选项";
    SHOW_HELP: "Prints help", "显示帮助";
    SHOW_VERSION: "Prints the version", "显示版本";

    CONFIG: "The configuration, as for wxcoupon_ctx_new [$WXCOUPON_CONFIG, or wxcoupon.json in the current folder]", "配置文件，内容同 wxcoupon_ctx_new [默认取 $WXCOUPON_CONFIG，否则当前文件夹的 wxcoupon.json]";
    DIR: "Works in this folder: relative paths of the configuration count from it", "先进入这个文件夹：配置里的相对路径从这里算起";
    LANG: "Language: zh or en", "语言：zh 或 en";
    JSON: "Prints answers as JSON, unchanged, for programs", "原样输出 JSON，供程序读取";

    CHECK: "Checks configuration, keys, journal and clock, line by line", "逐项自检：配置、密钥、流水、时钟";
    CHECK_ONLINE: "Connects to WeChat Pay, too", "同时连接微信支付";
    CHECK_KEYS: "Explains these key files instead: what each is, and what fits to what", "改为说明这些密钥文件：各是什么，谁和谁配套";
    QUERY: "Asks for one coupon of a user", "查询用户的一张券";
    QUOTE: "What a queried coupon takes off a basket, offline", "离线计算：查到的券能减多少";
    USE: "Redeems a coupon", "核销一张券";
    RETURN: "Returns a redeemed coupon", "退回已核销的券";
    LIST: "Lists the coupons of a user", "列出用户的券";
    SEND: "Sends a coupon to a user", "给用户发券";
    CONFIRM: "Confirms a coupon that was sent", "确认发券";
    DEACTIVATE: "Makes a coupon of a user invalid, for good", "使用户的一张券失效，不可恢复";
    SCAN: "What can be redeemed for a scanned code or a user", "扫到的码或某个用户有哪些券可核销";
    CALL: "Calls any operation by its name", "按名称调用任意接口";
    OPERATION: "Its name, as for wxcoupon_call", "接口名称，同 wxcoupon_call";
    MEMBERS: "name=value, object.name=value, name:=JSON, name:=@FILE, @FILE with an object; - is standard input", "name=value、object.name=value、name:=JSON、name:=@FILE、整个对象用 @FILE；- 表示标准输入";
    TIMEOUT: "Limit of this call, in milliseconds", "本次调用的时限，毫秒";
    TRACE: "A traceparent for log and journal", "写入日志和流水的 traceparent";
    PENDING: "Lists what is not known to be finished; no network", "列出存疑的请求；不联网";
    SETTLE: "Makes known what is in doubt: one number, or everything; also while the till runs", "查清存疑的请求：一个单号，或全部；收银程序运行时也可以";
    SETTLE_NUMBER: "The request's number; without it, everything", "请求单号；不写就是全部";
    SETTLE_VOID: "Calls the sale off: what has been redeemed is returned", "作废这笔销售：如果已核销就退回";
    SHOW: "Tells the course of one request from the journal", "从流水说明一笔请求的经过";
    SHOW_NUMBER: "The request's number", "请求单号";
    ABANDON: "Records a person's decision to give a request up; it is never sent again", "记录人工决定：放弃这笔请求，以后不再发送";
    ABANDON_NOTE: "Who decided it, and why", "谁决定的，为什么";
    SIGN: "Explains signatures", "说明签名";
    SIGN_EXPLAIN: "Shows the five lines, hash, signature and header of a request; nothing is sent", "显示一个请求的五行待签名串、摘要、签名和请求头；不发送";
    SIGN_METHOD: "HTTP method", "HTTP 方法";
    SIGN_TARGET: "Path and query, as they are sent", "路径和查询串，与实际发送的一致";
    SIGN_BODY: "The body: a text, @FILE, or - for standard input", "请求体：文本、@FILE，或 - 表示标准输入";
    SIGN_TIMESTAMP: "Unix time in seconds [now]", "Unix 时间，秒 [默认现在]";
    SIGN_NONCE: "The nonce [random]", "随机串 [默认随机]";
    SIGN_HEADER: "Another program's Authorization header: says where it differs", "另一个程序的 Authorization 请求头：指出哪里不同";
    SIGN_REJECTED: "WeChat Pay's rejecting answer as JSON, or - for standard input: says where it differs", "微信支付拒绝签名的应答 JSON，或 - 表示标准输入：指出哪里不同";
    BUNDLE: "Gathers what support needs into one file; nothing is uploaded", "把技术支持需要的材料收进一个文件；不上传";
    BUNDLE_NUMBERS: "Numbers whose courses are put in, besides everything that is open", "除未完结的以外，还要放入哪些单号的经过";
    BUNDLE_OUT: "The file [wxcoupon-support-TIME.zip]", "文件名 [wxcoupon-support-TIME.zip]";
    BUNDLE_YES: "Writes it without asking", "不询问，直接写入";
    BUNDLE_ONLINE: "Connects to WeChat Pay for the self-check", "自检时连接微信支付";
    BUNDLE_QR: "Prints the case of this number as a QR code instead, to be photographed", "改为把这个单号的情况显示成二维码，供拍照";
    GENERATE: "Writes completions and the man page into a folder", "把补全脚本和手册页写入文件夹";
    GENERATE_DIR: "The folder", "文件夹";

    UNKNOWN_ARGUMENT: "{what} is not known here", "这里没有 {what} 这个参数";
    UNKNOWN_COMMAND: "there is no command {what}", "没有 {what} 这个命令";
    MISSING_ARGUMENT: "{what} is missing", "缺少 {what}";
    MISSING_COMMAND: "a command is missing", "缺少命令";
    BAD_VALUE: "{what} cannot have the value {value}", "{what} 不能是 {value}";
    NO_VALUE: "{what} needs a value", "{what} 后面要有值";
    CONFLICT: "{what} does not go together with {value}", "{what} 不能和 {value} 一起用";
    WRONG_LINE: "the command line is wrong", "命令行有误";
    DID_YOU_MEAN: "did you mean {what}?", "是不是要用 {what}？";
    TRY_HELP: "Try --help.", "用 --help 查看帮助。";
}
