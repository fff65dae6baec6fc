// Generated from include/wxcoupon.json by make header
package wxcoupon;

/** The numbers of wxcoupon.h, without their prefix WXCOUPON_. They are members of {@link WxCoupon}. */
public class Numbers {
    public static final int ABI_VERSION = 1;
    public static final int CLASS_OK = 0;
    public static final int CLASS_MISUSE = 1;
    public static final int CLASS_LOCAL = 2;
    public static final int CLASS_NOT_SENT = 3;
    public static final int CLASS_IN_DOUBT = 4;
    public static final int CLASS_REFUSED = 5;
    public static final int CLASS_BUSY = 6;
    public static final int CLASS_BUG = 9;
    public static final int OK = 0;
    public static final int E_NULL = 1001;
    public static final int E_HANDLE = 1002;
    public static final int E_ENCODING = 1003;
    public static final int E_JSON = 1004;
    public static final int E_REQUEST = 1005;
    public static final int E_OPERATION = 1006;
    public static final int E_REENTRANT = 1007;
    public static final int E_CONFIG = 2001;
    public static final int E_KEY = 2002;
    public static final int E_JOURNAL = 2003;
    public static final int E_CLOCK = 2004;
    public static final int E_CONNECT = 3001;
    public static final int E_TLS = 3002;
    public static final int E_TIMEOUT_UNSENT = 3003;
    public static final int E_CANCELLED_UNSENT = 3004;
    public static final int E_READ_FAILED = 3005;
    public static final int E_ANSWER_TIMEOUT = 4001;
    public static final int E_CONNECTION_LOST = 4002;
    public static final int E_ANSWER_UNTRUSTED = 4003;
    public static final int E_ANSWER_UNREADABLE = 4004;
    public static final int E_SERVER = 4005;
    public static final int E_CANCELLED_SENT = 4006;
    public static final int E_UNRECORDED = 4007;
    public static final int E_REFUSED = 5001;
    public static final int E_COUPON_STATE = 5002;
    public static final int E_NOT_FOUND = 5003;
    public static final int E_NO_PERMISSION = 5004;
    public static final int E_SIGN_REJECTED = 5005;
    public static final int E_REQUEST_NO_REUSED = 5006;
    public static final int E_NOTIFICATION_UNTRUSTED = 5007;
    public static final int E_RATE_LIMITED = 6001;
    public static final int E_LOCKED = 6002;
    public static final int E_RUNNING = 6003;
    public static final int E_PANIC = 9001;
    public static final int E_INTERNAL = 9002;
    public static final int LOG_OFF = 0;
    public static final int LOG_ERROR = 1;
    public static final int LOG_WARN = 2;
    public static final int LOG_INFO = 3;
    public static final int LOG_DEBUG = 4;

    Numbers() {}
}
